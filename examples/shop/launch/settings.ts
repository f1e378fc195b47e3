/** What the launcher reads of the environment; everything else is for the billing service. */
export interface Settings {
  readonly shopPort: number;
  readonly host: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Something that the user can change; its message is one line. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

export function readSettings(env: Settings['env']): Settings {
  const shopPort = env['SHOP_PORT'] || '3000';
  if (!/^\d{1,5}$/.test(shopPort) || Number(shopPort) > 65_535) {
    throw new LaunchError('The configuration is wrong: SHOP_PORT must be a port number, 0 to 65535.');
  }
  return { shopPort: Number(shopPort), host: env['HOST'] || '127.0.0.1', env };
}

/** Where browsers reach the billing service: what its own configuration says. */
export function publicUrlOf({ env }: Settings): string {
  const url = env['PUBLIC_URL'] || `http://localhost:${env['PORT'] || '4000'}`;
  return url.replace(/\/+$/, '');
}

/** A wildcard is an address to listen on, not one to call. */
export const reachableHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
};
