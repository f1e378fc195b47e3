import { decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import type { Comparison } from '../comparison.ts';
import type { CheckingTask } from '../floors/checking.ts';
import { startGenerator } from '../load/generator.ts';
import type { LoadRequest } from '../load/job.ts';
import { loaded, loadRounds } from '../load/loaded.ts';
import { viewerRequests } from '../load/requests.ts';
import { startFloor } from '../processes/floor.ts';
import { withProcesses } from '../processes/group.ts';
import { startService, type Service } from '../processes/service.ts';
import { takeRounds } from '../rounds.ts';

const expected = '"id":"cus_';

/** How many times a second one process checks a token and reads its customer, beside each of two floors. */
export const compareViewer = (directory: string): Promise<Comparison[]> =>
  withProcesses(async (keep) => {
    const generator = keep(startGenerator());
    const service = keep(await startService({ directory }));
    const requests = await viewerRequests(service);
    const task = await checkingTask(service, requests);
    const remembering = keep(await startFloor('checking', { ...task, memory: 'kept' }));
    const checking = keep(await startFloor('checking', { ...task, memory: 'none' }));
    const [remembers, verifies, ours] = await takeRounds(loadRounds, [
      loaded(generator, {
        name: 'node:http that checks, and remembers',
        does: 'Bare `node:http`: drains the body, checks the token, answers the body of ours. Like ours it verifies a signature once and remembers it; every request of the rounds finds its token remembered.',
        pid: remembering.pid,
        url: remembering.url,
        requests,
        expected,
      }),
      loaded(generator, {
        name: 'node:http that checks anew each time',
        does: 'The same without the memory: one `jwtVerify` (jose, ES256, the claims of ours) for every request.',
        pid: checking.pid,
        url: checking.url,
        requests,
        expected,
      }),
      loaded(generator, {
        name: 'BillingOS',
        does: 'Our server, embedded database: the `viewer` query of `useCustomer` with the tokens of 512 sessions, each seen before; checks token and revocations in memory, reads one row.',
        pid: service.pid,
        url: service.graphqlUrl,
        requests,
        expected,
      }),
    ]);
    return [
      { title: 'viewer over HTTP', unit: 'requests/s', better: 'more', series: [remembers, ours] },
      { title: 'viewer over HTTP', unit: 'requests/s', better: 'more', series: [verifies, ours] },
    ];
  });

/** What the floor needs to check the tokens of the requests, and what our server answers to one of them. */
async function checkingTask(service: Service, [request]: LoadRequest[]): Promise<Omit<CheckingTask, 'memory'>> {
  if (!request) throw new TypeError('no request to learn from');
  const { keys } = await answerOf<JSONWebKeySet>(`${service.url}/sandbox/.well-known/jwks.json`);
  const answer = await answerOf<unknown>(service.graphqlUrl, {
    method: 'POST',
    headers: { authorization: `Bearer ${request.bearer}`, 'content-type': 'application/json' },
    body: request.body,
  });
  const jws = request.bearer.replace('bos_session_test_', '');
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
