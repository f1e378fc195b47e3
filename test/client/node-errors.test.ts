import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { BillingOS } from '../../client/node.ts';
import { answersRaw, dropsConnection, fails, startService } from './support/scripted-service.ts';

const secretKey = 'sk_test_4fQ9zR2mXk7LpW0sTn5VbY8cHd3JgA1eu0aB';
const token = 'bos_session_test_eyJhbGci.eyJpc3Mi.c2lnbmF0dXJl';

const clientOf = (url: string) => new BillingOS({ secretKey, url, maxRetries: 0 });

test('an error carries code, status, and the id of the request', async () => {
  const { url } = await startService(fails('NOT_FOUND', { message: 'Session not found.' }));

  await expect(clientOf(url).revokeSession('ses_1')).rejects.toMatchObject({
    name: 'BillingOSError',
    code: 'NOT_FOUND',
    status: 404,
    requestId: 'req_1',
    retryable: false,
    message: 'Session not found.',
  });
});

test('everything that is wrong with an input is in the message', async () => {
  const problems = [
    { path: ['input', 'externalUserId'], message: 'must have 1–255 characters' },
    { path: ['input', 'allowedOperations', 0], message: 'is unknown' },
  ];
  const { url } = await startService(fails('INVALID_INPUT', { message: 'The input is not valid.', problems }));

  await expect(clientOf(url).createSessionToken({ externalUserId: '' })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message:
      'The input is not valid.\n- input.externalUserId: must have 1–255 characters\n- input.allowedOperations.0: is unknown',
  });
});

test.each([
  ['a web page', answersRaw(200, '<html>Welcome</html>'), 'UNEXPECTED_ANSWER'],
  ['JSON of something else', answersRaw(200, '{"hello":"world"}'), 'UNEXPECTED_ANSWER'],
  ['no data', answersRaw(200, '{"data":null}'), 'UNEXPECTED_ANSWER'],
  ['data with an error’s status', answersRaw(404, '{"data":{"session":null}}'), 'UNEXPECTED_ANSWER'],
  ['an unknown path', answersRaw(404, 'Cannot POST'), 'UNEXPECTED_ANSWER'],
  ['a code of a newer service', answersRaw(409, errorBody('NEWER_CODE')), 'UNEXPECTED_ANSWER'],
  ['a code named like a method', answersRaw(400, errorBody('toString')), 'UNEXPECTED_ANSWER'],
  ['an error without a code', answersRaw(400, '{"errors":[{"message":"no"}]}'), 'UNEXPECTED_ANSWER'],
  ['an error that is none', answersRaw(400, '{"errors":[null]}'), 'UNEXPECTED_ANSWER'],
  ['a code with status 200', answersRaw(200, errorBody('FORBIDDEN')), 'FORBIDDEN'],
])('an answer that was not expected is an error: %s', async (_name, step, code) => {
  const { url } = await startService(step);

  await expect(clientOf(url).session('ses_1')).rejects.toMatchObject({ code, retryable: false });
});

test('a redirect is not followed: the key goes nowhere else', async () => {
  const elsewhere = await startService(answersRaw(200, '{"data":{"session":null}}'));
  const { url } = await startService(answersRaw(307, '', { location: elsewhere.url }));

  await expect(clientOf(url).session('ses_1')).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 307 });
  expect(elsewhere.requests).toHaveLength(0);
});

test.each([
  ['the service repeats them', fails('INTERNAL_SERVER_ERROR', { message: `Bearer ${secretKey} asked for ${token}` })],
  ['the connection fails', dropsConnection],
])('no error shows a key or a token, even when %s', async (_name, step) => {
  const { url } = await startService(step);

  const failure: unknown = await clientOf(url)
    .introspectSession(token)
    .catch((error: unknown) => error);

  expect(failure).toMatchObject({ name: 'BillingOSError' });
  expect(inspect(failure, { depth: null, showHidden: true })).not.toMatch(/4fQ9|eyJhbGci/);
});

test('an error of a fetch that holds the request does not show the key', async () => {
  const send = async (_input: unknown, init: unknown) => {
    throw Object.assign(new Error(`cannot send ${secretKey}`, { cause: new Error('refused') }), { init });
  };
  const billingos = new BillingOS({ secretKey, fetch: send, maxRetries: 0 });

  const failure: unknown = await billingos.session('ses_1').catch((error: unknown) => error);

  expect(failure).toMatchObject({
    code: 'NETWORK_ERROR',
    message: 'Cannot reach http://localhost:4000/sandbox/graphql: cannot send sk_test_…: refused',
  });
  expect(inspect(failure, { depth: null, showHidden: true })).not.toContain('4fQ9');
});

function errorBody(code: string) {
  return JSON.stringify({ errors: [{ message: 'It failed.', extensions: { code } }] });
}
