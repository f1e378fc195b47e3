import { decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import type { Comparison } from '../comparison.ts';
import type { Effort } from '../effort.ts';
import type { CheckingTask } from '../floors/checking.ts';
import { startGenerator } from '../load/generator.ts';
import type { LoadRequest } from '../load/job.ts';
import { loadedBy } from '../load/loaded.ts';
import { tokenOf, viewerRequests } from '../load/requests.ts';
import { withProcesses } from '../processes/group.ts';
import { startProgram } from '../processes/program.ts';
import { startService, type Service } from '../processes/service.ts';
import { takeRounds } from '../rounds.ts';

const expected = '"id":"cus_';
const measured = { title: 'viewer over HTTP', unit: 'requests/s', better: 'more' } as const;

/** How many times a second one process checks a token and reads its customer. */
export const compareViewer = (directory: string, { load }: Effort): Promise<Comparison[]> =>
  withProcesses(async (keep) => {
    const loaded = loadedBy(keep(startGenerator()), load);
    const service = keep(await startService({ directory }));
    const { dataDirectory } = service;
    const requests = await viewerRequests(service);
    const task = await checkingTask(service, requests);
    const remembering = keep(await startProgram('floors/checking', { ...task, memory: 'kept' }));
    const checking = keep(await startProgram('floors/checking', { ...task, memory: 'none' }));
    const original = keep(await startProgram('peers/original', { dataDirectory }));
    const apollo = keep(await startProgram('peers/apollo', { dataDirectory }));
    const mercurius = keep(await startProgram('peers/mercurius', { dataDirectory }));
    const [remembers, verifies, looksUp, behindApollo, behindMercurius, ours] = await takeRounds(load.rounds, [
      loaded({
        ...remembering,
        name: 'node:http that checks, and remembers',
        does: 'Bare `node:http`: drains the body, checks the token, answers the body of ours. Like ours it verifies a signature once and remembers it; every request of the rounds finds its token remembered.',
        requests,
        expected,
      }),
      loaded({
        ...checking,
        name: 'node:http that checks anew each time',
        does: 'The floor without the memory: one `jwtVerify` (jose, ES256, the claims of ours) for every request.',
        requests,
        expected,
      }),
      loaded({
        ...original,
        name: 'opaque tokens in the database',
        does: 'Bare `node:http` and `pg` on our tables and our PostgreSQL: reads the session by its token, writes when it was used (committed, fsync on), reads the customer. Three prepared statements, no GraphQL.',
        requests: requests.map((request) => ({ ...request, authorization: `Bearer ${sessionIdOf(request)}` })),
        expected,
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
        does: 'Our server, embedded database: the `viewer` query of `useCustomer` with the tokens of 512 sessions, each seen before; checks token and revocations in memory, reads one row.',
        requests,
        expected,
      }),
    ]);
    return [
      {
        ...measured,
        series: [remembers, ours],
        headline: '`viewer` beside bare `node:http` that remembers the tokens it has checked, as ours does',
      },
      {
        ...measured,
        series: [verifies, ours],
        bar: { of: 'ratio', atLeast: 0.3 },
        headline: '`viewer`, the customer read, beside bare `node:http` that checks the token anew each time',
      },
      {
        ...measured,
        series: [looksUp, ours],
        bar: { of: 'ratio', atLeast: 3 },
        headline: '`viewer` beside opaque tokens, read and written in the database at each check',
      },
      {
        ...measured,
        series: [behindApollo, ours],
        bar: { of: 'ratio', atLeast: 1.3 },
        headline: '`viewer` beside Apollo Server with our schema and rules',
      },
      {
        ...measured,
        series: [behindMercurius, ours],
        bar: { of: 'ratio', atLeast: 0.8 },
        headline: '`viewer` beside Mercurius with our schema and rules',
      },
    ];
  });

const sessionIdOf = (request: LoadRequest) => String(decodeJwt(jwsOf(request))['sid']);

const jwsOf = (request: LoadRequest) => tokenOf(request).replace('bos_session_test_', '');

/** What the floor needs to check the tokens of the requests, and what our server answers to one of them. */
export async function checkingTask(service: Service, [request]: LoadRequest[]): Promise<Omit<CheckingTask, 'memory'>> {
  if (!request) throw new TypeError('no request to learn from');
  const { keys } = await answerOf<JSONWebKeySet>(`${service.url}/sandbox/.well-known/jwks.json`);
  const answer = await answerOf<unknown>(service.graphqlUrl, {
    method: 'POST',
    headers: { authorization: request.authorization, 'content-type': 'application/json' },
    body: request.body,
  });
  const jws = jwsOf(request);
  const { alg = '', kid, typ = '' } = decodeProtectedHeader(jws);
  const claims = decodeJwt(jws);
  const key = keys.find((known) => known.kid === kid);
  if (!key) throw new TypeError('the key of the tokens is not published');
  return {
    key,
    options: { algorithms: [alg], typ, issuer: claims.iss ?? '', requiredClaims: Object.keys(claims) },
    answer: JSON.stringify(answer),
  };
}

async function answerOf<Answer>(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  return (await response.json()) as Answer;
}
