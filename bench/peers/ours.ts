import type { Context } from '../../schema/context.ts';
import { createAuthenticate } from '../../server/authenticate.ts';
import { readConfig } from '../../server/config.ts';
import { createRateLimits } from '../../server/http/rate-limit.ts';
import { openInstallation } from '../../server/installation.ts';
import { createLogger } from '../../server/log.ts';
import { unmeasured } from '../../server/metrics.ts';
import { publicUrl } from '../processes/service.ts';
import type { PeerTask } from './task.ts';

const noLimits = { ofSecretKey: 0, ofCustomer: 0, ofAddress: 0 };

/**
 * All of ours but what answers HTTP: rules, tokens, authentication, on the database of a service that is running. The limits
 * of documents, the headers, the masking of errors and the log of requests are left out, to the advantage of whoever uses it.
 */
export async function openOurs({ dataDirectory }: PeerTask) {
  const config = readConfig({ BILLINGOS_DATA_DIR: dataDirectory, PUBLIC_URL: publicUrl });
  const logger = createLogger({ level: 'warn', destination: process.stderr });
  const { rules } = await openInstallation({ config, logger, mode: 'beside' });
  await rules.revocations.start();
  rules.lastUsed.start();
  const ports: Omit<Context, 'caller' | 'loaders'> = { ...rules, imports: rules.importJobs };
  const authenticate = createAuthenticate({
    ...rules,
    rateLimits: createRateLimits({ requestsPerMinute: noLimits, sharedCounts: undefined, logger }),
    metrics: unmeasured,
    endpoints: { test: `${config.issuers.test}/graphql`, live: `${config.issuers.live}/graphql` },
  });

  return async (authorization = ''): Promise<Context> => ({
    ...ports,
    loaders: {},
    caller: await authenticate({ authorization, environment: 'test', address: '127.0.0.1' }),
  });
}
