import { expect, test } from 'vitest';
import { BillingOSError, clientErrorCodes } from '../../client/errors.ts';
import { createSessionHandler } from '../../client/node.ts';
import { httpStatusByErrorCode } from '../../schema/error-codes.ts';
import { rowsUnder, sectionsOf } from '../support/markdown.ts';

const path = 'docs/errors.md';
const firstCells = (heading: string) => rowsUnder(path, heading).map(([code]) => code);

test('every code of the API is explained with its HTTP status, and no other code is', () => {
  const explained = rowsUnder(path, 'Codes of the API').map(([code, status]) => [code, Number(status)]);
  expect(explained).toEqual(Object.entries(httpStatusByErrorCode));
});

test('every code of the client is explained, and no other code is', () => {
  expect(firstCells('Codes of the client and the SDK')).toEqual(clientErrorCodes);
});

test('every code has an entry that says what to do', () => {
  const entries = sectionsOf(path).filter(({ heading }) => /^[A-Z_]+$/.test(heading));
  expect(entries.map(({ heading }) => heading)).toEqual([...Object.keys(httpStatusByErrorCode), ...clientErrorCodes]);
  expect(entries.filter(({ text }) => !text.includes('**What to do:**'))).toEqual([]);
});

type Issue = Parameters<typeof createSessionHandler>[0]['billingos']['createSessionToken'];

/** What the session endpoint answers when the service does this. */
async function answerOf(method: string, user: { externalUserId: string } | null, createSessionToken: Issue) {
  const handler = createSessionHandler({
    billingos: { createSessionToken },
    authenticate: () => user,
    onError: () => undefined,
  });
  const response = await handler(new Request('http://shop.example/api/billingos-session', { method }));
  const { code } = (await response.json()) as { code: string };
  return [code, String(response.status)];
}

const failing = (code: 'FORBIDDEN' | 'NETWORK_ERROR') => () => Promise.reject(new BillingOSError(code, 'It failed.'));

test('what a session endpoint answers is explained with its HTTP status', async () => {
  const ada = { externalUserId: 'ada' };
  expect(rowsUnder(path, 'What a session endpoint answers').map(([code, status]) => [code, status])).toEqual([
    await answerOf('GET', null, failing('FORBIDDEN')),
    await answerOf('PUT', ada, failing('FORBIDDEN')),
    await answerOf('GET', ada, failing('FORBIDDEN')),
    await answerOf('GET', ada, failing('NETWORK_ERROR')),
  ]);
});
