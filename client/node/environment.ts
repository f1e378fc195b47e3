/** The two separate worlds of the service; the prefix of a secret key or a session token says which one it belongs to. */
export type Environment = 'test' | 'live';

/**
 * The address of one environment of a service: the `iss` of its tokens, and what `/graphql` and `/.well-known/jwks.json`
 * follow. `url` is the service's own address, a path included; of one address all spellings give the same.
 * Throws a TypeError for anything but a plain http(s) address, and for that of the GraphQL endpoint.
 */
export function issuerOf(url: string, environment: Environment): string {
  if (!isPlainHttpUrl(url)) {
    throw new TypeError('url must be the http(s) address of the service, without credentials, query or fragment.');
  }
  const address = new URL(url).href.replace(/\/+$/, '');
  if (address.endsWith('/graphql')) throw new TypeError('url must be the address of the service, without /graphql.');
  return environment === 'live' ? address : `${address}/sandbox`;
}

function isPlainHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}
