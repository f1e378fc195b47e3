const graphqlJson = 'application/graphql-response+json';
const json = 'application/json';

/** A Map: what a caller names must not be a member that every object has. */
const answered: ReadonlyMap<string, string> = new Map([
  [graphqlJson, graphqlJson],
  [json, json],
  ['application/*', json],
  ['*/*', json],
]);

/**
 * In which of the two media types of GraphQL over HTTP a result is answered: the first that is accepted. `undefined` when
 * neither is, or when another one that Yoga knows might be meant.
 */
export function mediaTypeFor(accept: string | null): string | undefined {
  if (accept === null || accept === '*/*') return json;
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (parameters.some((parameter) => parameter.startsWith('charset') && parameter !== 'charset=utf-8')) {
      return undefined;
    }
    const found = answered.get(type);
    if (found !== undefined) return found;
  }
  return undefined;
}
