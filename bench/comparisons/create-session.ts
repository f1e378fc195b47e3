import { decodeJwt, decodeProtectedHeader, type JWTHeaderParameters } from 'jose';
import { BillingOS } from '../../client/node.ts';
import type { Comparison } from '../comparison.ts';
import type { SigningTask } from '../floors/signing.ts';
import { startGenerator } from '../load/generator.ts';
import { loaded, loadRounds } from '../load/loaded.ts';
import { sdkCreations, shortCreations } from '../load/requests.ts';
import { startFloor } from '../processes/floor.ts';
import { withProcesses } from '../processes/group.ts';
import { startService, type Service } from '../processes/service.ts';
import { takeRounds } from '../rounds.ts';

const expected = '"sessionToken":"bos_session_test_';

/** How many sessions a second one process creates and stores. */
export const compareCreateSession = (directory: string): Promise<Comparison[]> =>
  withProcesses(async (keep) => {
    const generator = keep(startGenerator());
    const service = keep(await startService({ directory }));
    const floor = keep(await startFloor('signing', await signingTask(service)));
    const short = shortCreations(service);
    const series = await takeRounds(loadRounds, [
      loaded(generator, {
        name: 'node:http that only signs',
        does: 'Bare `node:http`: drains the body, signs a token with the claims of ours (jose, ES256), answers it. Reads no key, parses no GraphQL, stores nothing.',
        pid: floor.pid,
        url: floor.url,
        requests: short,
        expected,
      }),
      loaded(generator, {
        name: 'BillingOS',
        does: 'Our server, embedded database: `createSession` for a known customer, answered after the commit (fsync on); asks for `sessionToken` and `expiresAt`. The same requests as the floor gets.',
        pid: service.pid,
        url: service.graphqlUrl,
        requests: short,
        expected,
      }),
      loaded(generator, {
        name: 'BillingOS, document of the SDK',
        does: 'The same with the document of `billingos/node`, which also asks for the session and its customer.',
        pid: service.pid,
        url: service.graphqlUrl,
        requests: sdkCreations(service),
        expected,
      }),
    ]);
    return [{ title: 'createSession over HTTP', unit: 'requests/s', better: 'more', series }];
  });

async function signingTask(service: Service): Promise<SigningTask> {
  const billingos = new BillingOS({ secretKey: service.secretKey, url: service.url });
  const { sessionToken } = await billingos.createSessionToken({ externalUserId: 'user-1' });
  const jws = sessionToken.replace('bos_session_test_', '');
  return { header: decodeProtectedHeader(jws) as JWTHeaderParameters, claims: decodeJwt(jws) };
}
