/** What a JSON text stands for, as an object whatever it is; `undefined` when it is no JSON. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
