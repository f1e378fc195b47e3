import { BillingOS } from '../../../client/node.ts';
import { type Environment, type ServerProcess, startServer } from '../../support/process.ts';

const masterKey = 'a master key of the fault tests, long enough';

/** Servers of one installation share what makes their tokens count at each other. */
export const common: Environment = {
  PUBLIC_URL: 'http://localhost:4000',
  BILLINGOS_RATE_LIMIT: '0',
  BILLINGOS_RATE_LIMIT_CUSTOMER: '0',
  BILLINGOS_RATE_LIMIT_ADDRESS: '0',
  LOG_LEVEL: 'warn',
};

/** What a server needs to be told of a PostgreSQL of its merchant's. */
export const onPostgres = (url: string): Environment => ({
  ...common,
  DATABASE_URL: url,
  BILLINGOS_MASTER_KEY: masterKey,
});

export const urlThrough = (port: number, database: string): string =>
  `postgres://postgres@127.0.0.1:${port}/${database}`;

/** A server process, and a merchant's way to it. */
export interface Service extends ServerProcess {
  readonly secretKey: string;
  readonly billingos: BillingOS;
  readonly processes: 'one';
}

/** `secretKey` is the one that an earlier start printed; without it this is the first. */
export async function startService(env: Environment, secretKey?: string): Promise<Service> {
  const server = await startServer(env);
  return serviceAt(server, secretKey ?? firstKeyOf(server));
}

export const serviceAt = (server: ServerProcess, secretKey: string): Service => ({
  ...server,
  secretKey,
  billingos: new BillingOS({ secretKey, url: server.url, maxRetries: 0, timeoutMs: 30_000 }),
  processes: 'one',
});

export const firstKeyOf = ({ stdout }: Pick<ServerProcess, 'stdout'>): string =>
  /sk_test_\w+/.exec(stdout())?.[0] ?? '';

/** What a session token is answered: `accepted`, the code of a refusal, or `UNREACHABLE`. */
export async function answerTo(url: string, token: string): Promise<string> {
  try {
    const response = await fetch(`${url}/sandbox/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: '{"query":"{ viewer { id } }"}',
    });
    const { data, errors } = (await response.json()) as {
      data?: { viewer: { id: string } | null };
      errors?: { extensions: { code: string } }[];
    };
    return errors?.[0]?.extensions.code ?? (data?.viewer ? 'accepted' : `${response.status}`);
  } catch {
    return 'UNREACHABLE';
  }
}
