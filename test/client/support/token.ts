export interface TokenOptions {
  customerId?: string;
  environment?: 'test' | 'live';
  issuer?: string;
  issuedAtSeconds?: number;
  lifetimeSeconds?: number;
  /** What makes this token another one than all others. */
  name?: string;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as the service makes it, but for the signature: the client never looks at that. */
export function createToken(options: TokenOptions = {}): string {
  const { customerId = 'cus_ada', environment = 'test', issuer = 'http://localhost:4000/sandbox' } = options;
  const { issuedAtSeconds = 1_800_000_000, lifetimeSeconds = 3600, name = 'one' } = options;
  const payload = {
    iss: issuer,
    aud: 'mer_1',
    sub: customerId,
    sid: `ses_${name}`,
    key: 'key_1',
    env: environment,
    scope: 'READ_CUSTOMER',
    iat: issuedAtSeconds,
    exp: issuedAtSeconds + lifetimeSeconds,
  };
  return `bos_session_${environment}_${encode({ alg: 'ES256' })}.${encode(payload)}.c2lnbmF0dXJl`;
}
