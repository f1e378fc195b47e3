import { afterEach, expect, test, vi } from 'vitest';
import { BillingOS, type BillingOSOptions } from '../../client/node.ts';
import {
  answers,
  answersRaw,
  createdSession,
  dropsConnection,
  fails,
  hangs,
  session,
  startService,
} from './support/scripted-service.ts';

const secretKey = 'sk_test_4fQ9zR2mXk7LpW0sTn5VbY8cHd3JgA1eu0aB';
const bug = JSON.stringify({ errors: [{ message: 'It failed.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
const ada = { externalUserId: 'ada' };

afterEach(() => vi.useRealTimers());

/** A client that writes down how long it would have waited. */
function clientOf(options: Omit<BillingOSOptions, 'secretKey'>) {
  const waitedMs: number[] = [];
  const sleep = async (delayMs: number) => void waitedMs.push(delayMs);
  return { waitedMs, billingos: new BillingOS({ secretKey, random: () => 0.5, sleep, ...options }) };
}

test.each([
  ['a dropped connection', dropsConnection, 'NETWORK_ERROR'],
  ['no answer in time', hangs, 'TIMEOUT'],
  ['too many requests', fails('RATE_LIMITED'), 'RATE_LIMITED'],
  ['an outage', fails('UNAVAILABLE'), 'UNAVAILABLE'],
  ['a bug of the service', fails('INTERNAL_SERVER_ERROR'), 'INTERNAL_SERVER_ERROR'],
  ['a bug that is reported with status 200', answersRaw(200, bug), 'INTERNAL_SERVER_ERROR'],
  ['a proxy that is busy', answersRaw(429, 'Slow down'), 'RATE_LIMITED'],
  ['a proxy without a service', answersRaw(502, '<html>Bad Gateway</html>'), 'UNAVAILABLE'],
])('%s is tried again twice, then reported as retryable', async (_name, step, code) => {
  const service = await startService(step);
  // Short only where it is waited for: a busy machine is slow to answer.
  const { billingos, waitedMs } = clientOf({ url: service.url, timeoutMs: step === hangs ? 60 : undefined });

  await expect(billingos.createSessionToken(ada)).rejects.toMatchObject({ code, retryable: true });

  expect(service.requests).toHaveLength(3);
  expect(waitedMs).toEqual([125, 250]);
});

test('what fails once succeeds at the next try', async () => {
  const service = await startService(dropsConnection, fails('UNAVAILABLE'), answers(createdSession));

  await expect(clientOf({ url: service.url }).billingos.createSessionToken(ada)).resolves.toMatchObject({
    sessionToken: 'bos_session_test_aaa.bbb.ccc',
  });
});

test.each(['INVALID_INPUT', 'UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'] as const)(
  '%s is not tried again',
  async (code) => {
    const service = await startService(fails(code));

    const call = clientOf({ url: service.url }).billingos.createSessionToken(ada);

    await expect(call).rejects.toMatchObject({ code, retryable: false });
    expect(service.requests).toHaveLength(1);
  },
);

test('with maxRetries 0 nothing is tried twice', async () => {
  const service = await startService(fails('UNAVAILABLE'), answers(createdSession));

  await expect(clientOf({ url: service.url, maxRetries: 0 }).billingos.createSessionToken(ada)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });

  expect(service.requests).toHaveLength(1);
});

test('the jitter is full, doubles its range, and stays below eight seconds', async () => {
  const service = await startService(fails('UNAVAILABLE'));
  const { billingos, waitedMs } = clientOf({ url: service.url, maxRetries: 7, random: () => 0.999 });

  await expect(billingos.createSessionToken(ada)).rejects.toMatchObject({ code: 'UNAVAILABLE' });

  expect(waitedMs.map((ms) => Math.ceil(ms))).toEqual([250, 500, 999, 1998, 3996, 7992, 7992]);
});

test('it never comes back before Retry-After', async () => {
  const service = await startService(
    fails('RATE_LIMITED', { headers: { 'retry-after': '7' } }),
    answers(createdSession),
  );
  const { billingos, waitedMs } = clientOf({ url: service.url });

  await billingos.createSessionToken(ada);

  expect(waitedMs).toEqual([7_125]);
});

test('a service that asks for more than half a minute is not waited for', async () => {
  const service = await startService(fails('RATE_LIMITED', { headers: { 'retry-after': '31' } }));

  const call = clientOf({ url: service.url }).billingos.createSessionToken(ada);

  await expect(call).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 31 });
  expect(service.requests).toHaveLength(1);
});

test.each([
  ['that says nothing', 'soon'],
  ['by a calendar that may be wrong', 'Sun, 01 Nov 2099 10:00:07 GMT'],
])('a Retry-After %s changes nothing', async (_what, retryAfter) => {
  const service = await startService(
    fails('UNAVAILABLE', { headers: { 'retry-after': retryAfter } }),
    answers({ session }),
  );
  const { billingos, waitedMs } = clientOf({ url: service.url });

  await billingos.session('ses_1');

  expect(waitedMs).toEqual([125]);
});

test('it really waits', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const send = vi.fn(async () => new Response(null, { status: 503, headers: { 'retry-after': '20' } }));
  const billingos = new BillingOS({ secretKey, fetch: send, random: () => 0, maxRetries: 1 });

  const call = expect(billingos.createSessionToken(ada)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await vi.advanceTimersByTimeAsync(19_999);
  expect(send).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(send).toHaveBeenCalledTimes(2);
  await call;
});

test('an aborted signal ends the request', async () => {
  const service = await startService(hangs);
  const controller = new AbortController();
  const { billingos } = clientOf({ url: service.url });

  const call = billingos.createSessionToken(ada, { signal: controller.signal });
  await vi.waitFor(() => expect(service.requests).toHaveLength(1));
  controller.abort(new Error('changed my mind'));

  await expect(call).rejects.toThrow('changed my mind');
  expect(service.requests).toHaveLength(1);
});

test.each<[string, (abort: () => void) => void]>([
  ['during', (abort) => setImmediate(abort)],
  ['just before', (abort) => abort()],
])('an aborted signal ends the wait between two tries: %s', async (_when, schedule) => {
  const service = await startService(fails('UNAVAILABLE', { headers: { 'retry-after': '20' } }));
  const controller = new AbortController();
  const random = () => {
    schedule(() => controller.abort(new Error('changed my mind')));
    return 0;
  };
  const billingos = new BillingOS({ secretKey, url: service.url, random });

  await expect(billingos.createSessionToken(ada, { signal: controller.signal })).rejects.toThrow('changed my mind');
  expect(service.requests).toHaveLength(1);
});

test('a signal that was aborted before sends nothing', async () => {
  const service = await startService(answers(createdSession));

  const call = clientOf({ url: service.url }).billingos.createSessionToken(ada, { signal: AbortSignal.abort() });

  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  expect(service.requests).toHaveLength(0);
});
