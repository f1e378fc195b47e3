import { parse } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import type { RequestContext } from '../../server/http/endpoint.ts';
import { createKnownDocuments, useKnownDocuments } from '../../server/http/known-documents.ts';
import { createHarness, type Harness, send, toAnswer } from '../support/harness.ts';

let harness: Harness;
let sessionToken: string;

beforeAll(async () => {
  harness = await createHarness();
  ({ sessionToken } = await harness.merchant.billingos.createSessionToken({
    externalUserId: 'ada',
    allowedOperations: ['READ_CUSTOMER'],
  }));
});
afterAll(() => harness.stop());

const urlOf = (environment: 'test' | 'live') => `${harness.issuers[environment]}/graphql`;

interface Sent {
  readonly body: { readonly query: string; readonly [member: string]: unknown };
  readonly credential?: string | undefined;
  readonly accept?: string;
  readonly environment?: 'test' | 'live';
}

async function post({ body, credential, accept = 'application/json', environment = 'test' }: Sent) {
  const response = await send(harness.app, urlOf(environment), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept,
      ...(credential && { authorization: `Bearer ${credential}` }),
    },
    body: JSON.stringify(body),
  });
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'x-request-id'));
  return { status: response.status, headers, text: await response.text() };
}

const create = 'mutation ($input: CreateSessionInput!) { createSession(input: $input) { expiresIn } }';
const twoOperations = 'query A { viewer { id } } query B { currentSession { id } }';
const requests: Record<string, () => Sent> = {
  data: () => ({ body: { query: '{ viewer { id email } }' }, credential: sessionToken }),
  'a list': () => ({ body: { query: '{ sessions(first: 1) { edges { node { id } } } }' }, credential: key() }),
  'nobody’s request': () => ({ body: { query: '{ viewer { id name } }' } }),
  'a token that is none': () => ({ body: { query: '{ viewer { id createdAt } }' }, credential: 'bos_session_test_x' }),
  'a session that may not': () => ({ body: { query: '{ products { key } }' }, credential: sessionToken }),
  'a field of others': () => ({
    body: { query: '{ customers(first: 1) { edges { cursor } } }' },
    credential: sessionToken,
  }),
  'something that is not there': () => ({ body: { query: '{ node(id: "cus_x") { id } }' }, credential: key() }),
  'an input that is right': () => ({
    body: { query: create, variables: { input: { externalUserId: 'bob', expiresIn: 60 } } },
    credential: key(),
  }),
  'an input of which much is wrong': () => ({
    body: { query: create, variables: { input: { externalUserId: 7.5, expiresIn: 1, nonsense: true } } },
    credential: key(),
  }),
  'an input of the right types that breaks its rules': () => ({
    body: { query: create, variables: { input: { externalUserId: '', expiresIn: 1 } } },
    credential: key(),
  }),
  'an id that JSON has changed': () => ({
    body: { query: create, variables: { input: { externalUserId: Number('9007199254740993'), expiresIn: 60 } } },
    credential: key(),
  }),
  'an id that is a number with an exponent': () => ({
    body: { query: create, variables: { input: { externalUserId: 1e21, expiresIn: 60 } } },
    credential: key(),
  }),
  'two mutations, of which the second has a wrong input': () => ({
    body: {
      query: `mutation ($id: ID!, $input: CreateSessionInput!) {
        revokeSession(id: $id) { status } createSession(input: $input) { expiresIn }
      }`,
      variables: { id: 'ses_x', input: { externalUserId: 'bob', expiresIn: 'long' } },
    },
    credential: key(),
  }),
  'a variable that is called like what every object has': () => ({
    body: { query: 'query ($constructor: Int) { sessions(first: $constructor) { edges { cursor } } }', variables: {} },
    credential: key(),
  }),
  'an input that is missing': () => ({ body: { query: create }, credential: key() }),
  'wrong input of who may not': () => ({
    body: { query: create, variables: { input: { expiresIn: 1 } } },
    credential: sessionToken,
  }),
  'the first of two operations': () => ({
    body: { query: twoOperations, operationName: 'A' },
    credential: sessionToken,
  }),
  'an operation that is not there': () => ({
    body: { query: twoOperations, operationName: 'C' },
    credential: sessionToken,
  }),
  'variables that are none': () => ({ body: { query: '{ viewer { id } }', variables: 'x' }, credential: sessionToken }),
  'a member that nobody knows': () => ({ body: { query: '{ viewer { id } }', more: 1 }, credential: sessionToken }),
};
const key = () => harness.merchant.secretKey;

const mediaTypes = [
  'application/json',
  'application/graphql-response+json, application/json;q=0.9',
  '*/*',
  'application/json; charset=iso-8859-1',
  'text/html',
  'multipart/mixed, application/json',
];

describe.each(mediaTypes)('as %s', (accept) => {
  test.each(Object.entries(requests))('%s is answered like the first time', async (what, request) => {
    const { body, ...others } = request();
    // A text of its own: what another case has made known would not be answered by Yoga the first time.
    const sent = { ...others, accept, body: { ...body, query: `${body.query} # ${what}, ${accept}` } };
    const first = await post(sent);
    expect(await post(sent)).toEqual(first);
    expect(await post(sent)).toEqual(first);
  });
});

test.each(['text/plain', 'constructor', '__proto__'])('a known document is not answered as %s', async (accept) => {
  const body = { query: '{ viewer { id source } }' };
  await post({ body, credential: sessionToken });
  expect((await post({ body, credential: sessionToken, accept })).status).toBe(406);
});

test('a stranger may not look at the schema of production after a merchant did', async () => {
  const { secretKey } = await harness.newMerchant('Live', 'live');
  const body = { query: '{ __schema { queryType { name } } }' };
  expect((await post({ body, credential: secretKey, environment: 'live' })).text).toContain('"name":"Query"');
  expect((await post({ body, environment: 'live' })).text).toContain('INVALID_INPUT');
});

test('a document that is not let through is judged each time', async () => {
  const deep = { query: `{ viewer ${'{ id '.repeat(9)}${'}'.repeat(9)} }` };
  const answers = [await post({ body: deep }), await post({ body: deep })];
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers.every(({ text }) => text.includes('INVALID_INPUT'))).toBe(true);
});

test('a body that is not UTF-8 is refused, whatever document it may hold', async () => {
  const body = Buffer.from(`{"query":"{ viewer { id } }","operationName":"\xff"}`, 'latin1');
  const response = await send(harness.app, urlOf('test'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
    body,
  });
  expect((await toAnswer(response)).code).toBe('INVALID_INPUT');
});

describe('what is remembered', () => {
  const document = parse('{ viewer { id } }');

  test.each([
    ['of a merchant is there', { kind: 'merchant' }, true],
    ['of a stranger is not', { kind: 'anonymous' }, false],
  ])('%s', async (_whose, caller, isRemembered) => {
    const known = createKnownDocuments();
    const yoga = createYoga<RequestContext>({ schema, logging: false, plugins: [useKnownDocuments(known)] });
    const query = '{ viewer { id } }';
    const exchange = { requestId: 'one' };
    const body = JSON.stringify({ query });
    const headers = { 'content-type': 'application/json' };
    await yoga.fetch('http://localhost/graphql', { method: 'POST', headers, body }, {
      caller,
      exchange,
    } as RequestContext);
    expect(exchange).toMatchObject({ operation: { field: 'viewer' } });
    expect(known.find(query, null) !== undefined).toBe(isRemembered);
  });

  test('is bounded, however many documents come', () => {
    const known = createKnownDocuments();
    for (let number = 0; number < 100_000; number++) known.remember(`{ viewer { id } } # ${number}`, document);
    const kept = Array.from({ length: 100_000 }, (_none, number) => known.find(`{ viewer { id } } # ${number}`, null));
    expect(kept.filter(Boolean).length).toBe(1_000);
  });

  test('is bounded, however large they are', () => {
    const known = createKnownDocuments();
    const large = (number: number) => `{ viewer { id } } # ${number} ${'x'.repeat(9_900)}`;
    for (let number = 0; number < 500; number++) known.remember(large(number), document);
    const kept = Array.from({ length: 500 }, (_none, number) => known.find(large(number), null));
    expect(kept.filter(Boolean).length).toBeLessThan(21);
  });
});
