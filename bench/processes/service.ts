import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { projectDirectory } from '../place.ts';
import { startChild, type Child } from './child.ts';

export const publicUrl = 'http://localhost:4000';

/** Our server as a user starts it, on an embedded database of its own: fsync on, logs of every request into a file. */
export interface Service extends Child {
  /** Without a slash at the end. */
  readonly url: string;
  readonly graphqlUrl: string;
  /** Shown at the first start on a database; empty later. */
  readonly secretKey: string;
  readonly dataDirectory: string;
}

interface ServiceOptions {
  /** Made if it is not there. */
  readonly directory: string;
  /** For node itself. */
  readonly nodeOptions?: readonly string[];
  /** What differs from the defaults. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startService({ directory, nodeOptions = [], env = {} }: ServiceOptions): Promise<Service> {
  await mkdir(directory, { recursive: true });
  const dataDirectory = join(directory, 'data');
  const log = await open(join(directory, 'server.log'), 'a');
  try {
    const child = await startChild({
      arguments: [...nodeOptions, join(projectDirectory, 'dist/server/cli/main.js'), 'serve'],
      env: {
        PORT: '0',
        PUBLIC_URL: publicUrl,
        BILLINGOS_DATA_DIR: dataDirectory,
        BILLINGOS_RATE_LIMIT: '0',
        BILLINGOS_RATE_LIMIT_CUSTOMER: '0',
        BILLINGOS_RATE_LIMIT_ADDRESS: '0',
        ...env,
      },
      stderr: log.fd,
      readyPattern: /ready on \S+\n/,
    });
    const url = /ready on (\S+)\n/.exec(child.output)?.[1] ?? '';
    const secretKey = /sk_test_\w+/.exec(child.output)?.[0] ?? '';
    return { ...child, url, secretKey, dataDirectory, graphqlUrl: `${url}/sandbox/graphql` };
  } finally {
    await log.close();
  }
}
