import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHarness, type Harness, send, toAnswer } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const endpoint = () => `${harness.issuers.test}/graphql`;

const post = async (body: string, headers: Record<string, string> = {}) =>
  toAnswer(
    await send(harness.app, endpoint(), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${harness.merchant.secretKey}`,
        ...headers,
      },
      body,
    }),
  );

const get = async (search: string) => toAnswer(await send(harness.app, `${endpoint()}?${search}`));

test.each([
  ['an empty one', ''],
  ['JSON that stops half way', '{"query": "{ __typename }", "secret": "sk_test_half'],
  ['JSON with more after it', '{"query": "{ __typename }"} secret'],
  ['plain text', 'secret'],
  ['null', 'null'],
  ['a number', '5'],
  ['a text', '"secret"'],
  ['a batch', '[{"query": "{ __typename }"}]'],
  ['an empty batch', '[]'],
  ['100,000 levels of lists', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['100,000 opening brackets', '['.repeat(100_000)],
  ['no document', '{}'],
  ['no document but others’ parameters', '{"documentId": "1", "id": "secret"}'],
  ['null for a document', '{"query": null}'],
  ['a number for a document', '{"query": 5}'],
  ['a list for a document', '{"query": ["secret"]}'],
  ['text for variables', '{"query": "{ __typename }", "variables": "secret"}'],
  ['a list for variables', '{"query": "{ __typename }", "variables": ["secret"]}'],
  ['a number for variables', '{"query": "{ __typename }", "variables": 0}'],
  ['text for extensions', '{"query": "{ __typename }", "extensions": "secret"}'],
  ['a number for the operation’s name', '{"query": "{ __typename }", "operationName": 5}'],
  ['the name of an operation that is not there', '{"query": "query A { __typename }", "operationName": "secret"}'],
  ['two operations and no name', '{"query": "query A { __typename } query B { __typename }"}'],
])('a body is refused and never echoed: %s', async (_what, body) => {
  const { status, code, text } = await post(body);
  expect({ status, code }).toEqual({ status: 400, code: 'INVALID_INPUT' });
  expect(text).not.toMatch(/secret|sk_test_/);
});

test.each([
  ['variables', `{"query": "{ __typename }", "variables": {"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}}`],
  ['extensions', `{"query": "{ __typename }", "extensions": {"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}}`],
])('100,000 levels in %s that nothing asks for do no harm', async (_where, body) => {
  const { status, data } = await post(body);
  expect({ status, data }).toEqual({ status: 200, data: { __typename: 'Query' } });
});

describe('GET', () => {
  test('answers a query with variables', async () => {
    const { status, data } = await get(
      new URLSearchParams({
        query: 'query Q($yes: Boolean!) { __typename @include(if: $yes) }',
        operationName: 'Q',
        variables: '{"yes": true}',
      }).toString(),
    );
    expect({ status, data }).toEqual({ status: 200, data: { __typename: 'Query' } });
  });

  test.each([
    ['no document', ''],
    ['variables that are not JSON', 'query={__typename}&variables={'],
    ['empty variables', 'query={__typename}&variables='],
    ['variables that are a number', 'query={__typename}&variables=0'],
    ['variables that are a list', 'query={__typename}&variables=[]'],
    ['extensions that are not JSON', 'query={__typename}&extensions=secret'],
    ['deep variables', `query={__typename}&variables=${'['.repeat(5_000)}`],
  ])('is refused with %s', async (_what, search) => {
    const { status, code, text } = await get(search);
    expect({ status, code }).toEqual({ status: 400, code: 'INVALID_INPUT' });
    expect(text).not.toContain('secret');
  });

  test('changes nothing: a mutation is a 405', async () => {
    const { status, code } = await get('query=mutation{endSession{id}}');
    expect({ status, code }).toEqual({ status: 405, code: 'INVALID_INPUT' });
  });
});

test.each(['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', 'application/graphql', ''])(
  'a body of the type "%s" is refused before it is read',
  async (contentType) => {
    const { status, code } = await post('{"query": "{ __typename }"}', { 'content-type': contentType });
    expect({ status, code }).toEqual({ status: 415, code: 'INVALID_INPUT' });
  },
);

test('an answer names its request, and may be stored by nobody', async () => {
  const { headers } = await post('{"query": "{ __typename }"}');
  expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  expect(headers.get('cache-control')).toBe('no-store');
});

test.each([
  ['é in Latin-1', 0xe9],
  ['è in Latin-1', 0xe8],
])('a body that is not UTF-8 (%s) is refused, so that two users never become one', async (_name, byte) => {
  const text = JSON.stringify({
    query: 'mutation ($id: ID!) { createSession(input: { externalUserId: $id }) { customer { id } } }',
    variables: { id: 'jos?a' },
  });
  const body = Buffer.from(text);
  body[text.indexOf('?')] = byte;
  const answer = await toAnswer(
    await send(harness.app, endpoint(), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': String(body.length),
        authorization: `Bearer ${harness.merchant.secretKey}`,
      },
      body,
    }),
  );
  expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
});
