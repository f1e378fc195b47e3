/** What is nested in a form as Stripe takes it: `items[0][price]=price_1`. */
export interface Form {
  readonly [name: string]: Form | string | undefined;
}

export function formOf(fields: URLSearchParams): Form {
  const form: Record<string, unknown> = {};
  for (const [path, value] of fields) {
    const names = path.split(/[[\]]+/).filter((name) => name !== '');
    const last = names.pop() ?? '';
    let place = form;
    for (const name of names) place = (place[name] ??= {}) as Record<string, unknown>;
    place[last] = value;
  }
  return form as Form;
}

/** A nested part, empty where there is none. */
export const partOf = (form: Form, name: string): Form => {
  const part = form[name];
  return typeof part === 'object' ? part : {};
};

export const textOf = (form: Form, name: string): string | undefined => {
  const text = form[name];
  return typeof text === 'string' ? text : undefined;
};
