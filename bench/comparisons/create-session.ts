import { decodeJwt, decodeProtectedHeader, type JWTHeaderParameters } from 'jose';
import { BillingOS } from '../../client/node.ts';
import type { Comparison } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import type { SigningTask } from '../floors/signing.ts';
import { startGenerator } from '../load/generator.ts';
import type { LoadRequest } from '../load/job.ts';
import { loadedBy } from '../load/loaded.ts';
import { sdkCreations, shortCreations } from '../load/requests.ts';
import type { OidcTask } from '../peers/oidc-provider.ts';
import { withProcesses } from '../processes/group.ts';
import { startProgram } from '../processes/program.ts';
import { startService, type Service } from '../processes/service.ts';
import { takeRounds } from '../rounds.ts';

const expected = '"sessionToken":"bos_session_test_';
const measured = { title: 'createSession over HTTP', unit: 'requests/s', better: 'more' } as const;

/** How many sessions a second one process creates and stores. */
export const compareCreateSession = (directory: string, { load }: Effort): Promise<Comparison[]> =>
  withProcesses(async (keep) => {
    const loaded = loadedBy(keep(startGenerator()), load);
    const service = keep(await startService({ directory }));
    const { dataDirectory } = service;
    const floor = keep(await startProgram('floors/signing', await signingTask(service, 'jose')));
    const quickerFloor = keep(await startProgram('floors/signing', await signingTask(service, 'node:crypto')));
    const apollo = keep(await startProgram('peers/apollo', { dataDirectory }));
    const mercurius = keep(await startProgram('peers/mercurius', { dataDirectory }));
    const oidcProvider = keep(await startProgram('peers/oidc-provider', oidcTask));
    const requests = shortCreations(service);
    const [signs, signsAtOnce, issues, behindApollo, behindMercurius, ours, oursForSdk] = await takeRounds(
      load.rounds,
      [
        loaded({
          ...floor,
          name: 'node:http that only signs',
          does: 'Bare `node:http`: drains the body, signs a token with the claims of ours (jose, ES256), answers it. Reads no key, parses no GraphQL, stores nothing.',
          requests,
          expected,
        }),
        loaded({
          ...quickerFloor,
          name: 'node:http that only signs, by node:crypto',
          does: 'The floor that only signs, without a library and on one thread, as our server signs.',
          requests,
          expected,
        }),
        loaded({
          ...oidcProvider,
          name: 'oidc-provider, in memory',
          does: '`oidc-provider` with its adapter in memory: a JWT access token (ES256) for `client_credentials` with a resource indicator. Stores no token.',
          requests: tokenRequests,
          expected: '"access_token":"eyJ',
        }),
        loaded({
          ...apollo,
          name: 'Apollo Server',
          does: '`@apollo/server`, standalone, with our schema, authentication, rules and database: the same work behind another front, without our limits, security headers and log of requests.',
          requests,
          expected,
        }),
        loaded({
          ...mercurius,
          name: 'Mercurius',
          does: 'As behind Apollo Server, with `mercurius` on `fastify`; its JIT is off, as by default.',
          requests,
          expected,
        }),
        loaded({
          ...service,
          url: service.graphqlUrl,
          name: 'BillingOS',
          does: 'Our server, embedded database: `createSession` for a known customer, answered after the commit (fsync on); asks for `sessionToken` and `expiresAt`. The same requests as the floor gets.',
          requests,
          expected,
        }),
        loaded({
          ...service,
          url: service.graphqlUrl,
          name: 'BillingOS, document of the SDK',
          does: 'Our server with the document of `billingos/node`, which also asks for the session and its customer.',
          requests: sdkCreations(service),
          expected,
        }),
      ],
    );
    return [
      {
        ...measured,
        series: [signs, ours],
        bar: { of: 'ratio', atLeast: 0.35 },
        headline: '`createSession`, stored and committed, beside bare `node:http` that only signs, by `jose`',
      },
      {
        ...measured,
        series: [issues, ours],
        bar: { of: 'ratio', atLeast: 1 },
        headline: '`createSession`, stored and committed, beside `oidc-provider` in memory',
      },
      { ...measured, series: [signsAtOnce, ours] },
      { ...measured, series: [behindApollo, ours] },
      { ...measured, series: [behindMercurius, ours] },
      {
        ...measured,
        series: [signs, oursForSdk],
        headline: '`createSession` with all that the Node SDK asks for, beside bare `node:http` that only signs',
      },
    ];
  });

export async function signingTask(service: Service, by: SigningTask['by']): Promise<SigningTask> {
  const billingos = new BillingOS({ secretKey: service.secretKey, url: service.url });
  const { sessionToken } = await billingos.createSessionToken({ externalUserId: 'user-1' });
  const jws = sessionToken.replace('bos_session_test_', '');
  return { header: decodeProtectedHeader(jws) as JWTHeaderParameters, claims: decodeJwt(jws), by };
}

const oidcTask: OidcTask = { clientId: 'merchant', clientSecret: 'a-secret', resource: 'https://api.example.com' };

const tokenRequests: LoadRequest[] = [
  {
    authorization: `Basic ${btoa(`${oidcTask.clientId}:${oidcTask.clientSecret}`)}`,
    contentType: 'application/x-www-form-urlencoded',
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: oidcTask.resource }).toString(),
  },
];
