/** What a JSON text stands for, as an object whatever it is; `undefined` when it is no JSON, or cannot be decoded. */
export function parseObject(
  text: string,
  decode: (text: string) => string = String,
): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(decode(text))) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
