import { BillingOSError } from './errors.ts';
import type { TokenClaims } from './session/token.ts';

/** Where to send operations instead of where the token was issued, for each environment: a proxy, for example. */
export interface Endpoints {
  readonly test?: string | undefined;
  readonly live?: string | undefined;
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The GraphQL endpoint for a token: its environment's entry of `endpoints`, else `/graphql` below its issuer.
 * @throws {BillingOSError} INVALID_ENDPOINT unless it is https, or http on this very machine: a token never travels in the clear.
 */
export function endpointOf({ environment, issuer }: TokenClaims, endpoints: Endpoints = {}): string {
  const endpoint = endpoints[environment] ?? `${issuer.replace(/\/$/, '')}/graphql`;
  if (!isSafe(endpoint)) {
    throw new BillingOSError('INVALID_ENDPOINT', 'The endpoint is neither https nor on localhost.');
  }
  return endpoint;
}

function isSafe(endpoint: string): boolean {
  try {
    const { protocol, hostname, username, password } = new URL(endpoint);
    return !username && !password && (protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname)));
  } catch {
    return false;
  }
}
