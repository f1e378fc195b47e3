import { afterAll, beforeAll, expect, test } from 'vitest';
import { whoAmI } from '../support/forge.ts';
import { createHarness, type Harness, send } from '../support/harness.ts';

let harness: Harness;
let token: string;
beforeAll(async () => {
  harness = await createHarness();
  token = (await harness.merchant.billingos.createSessionToken({ externalUserId: 'ada' })).sessionToken;
});
afterAll(() => harness.stop());

const url = () => `${harness.issuers.test}/graphql`;
const countSessions = async () => {
  const { rows } = await harness.database.db.execute<{ count: string }>('select count(*) from sessions');
  return rows[0]?.count;
};
const ask = (method: string, search: Record<string, string>, credential: string, body?: string) =>
  send(harness.app, `${url()}?${new URLSearchParams(search)}`, {
    method,
    headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body }),
  });

const create = 'mutation { createSession(input: { externalUserId: "by-get" }) { sessionToken } }';
const end = 'mutation { endSession { id } }';

test('D1 a GET that reads is answered: the refusals are about mutations', async () => {
  expect((await ask('GET', { query: whoAmI }, token)).status).toBe(200);
});

test('D1 a mutation by GET is 405, and nothing is carried out', async () => {
  const before = await countSessions();
  const several = `query Read ${whoAmI} mutation Write { endSession { id } }`;
  const attempts: [Record<string, string>, string][] = [
    [{ query: create }, harness.merchant.secretKey],
    [{ query: create.replace('mutation', 'mutation Named') }, harness.merchant.secretKey],
    [{ query: `# query\n${create}` }, harness.merchant.secretKey],
    [
      { query: 'mutation { x: createSession(input: { externalUserId: "by-get" }) { expiresIn } }' },
      harness.merchant.secretKey,
    ],
    [{ query: end }, token],
    [{ query: several, operationName: 'Write' }, token],
    [{ query: `fragment f on Mutation { endSession { id } } mutation { ...f }` }, token],
  ];
  for (const [search, credential] of attempts) {
    const response = await ask('GET', search, credential);
    expect(response.status, search['query']).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.text()).not.toContain('sessionToken":');
  }
  expect(await countSessions()).toBe(before);
  expect((await harness.graphql(token, whoAmI)).status).toBe(200);
});

test('D1 of a document with several operations, GET carries out the one that reads', async () => {
  const query = `query Read ${whoAmI} mutation Write { endSession { id } }`;
  expect((await ask('GET', { query, operationName: 'Read' }, token)).status).toBe(200);
  expect((await ask('GET', { query }, token)).status).toBe(400);
  expect((await harness.graphql(token, whoAmI)).status).toBe(200);
});

test('D1 the query string of a POST says nothing: its body decides', async () => {
  const search = { query: end, operationName: 'x' };
  expect((await ask('POST', search, token, JSON.stringify({ query: whoAmI }))).status).toBe(200);
  expect((await ask('POST', search, token, '{}')).status).toBe(400);
  expect((await harness.graphql(token, whoAmI)).status).toBe(200);
});

test('D1 every method but GET and POST is 405, before any work', async () => {
  for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'QUERY']) {
    const before = harness.requestStatements().length;
    const response = await ask(method, { query: whoAmI }, token);
    expect(response.status, method).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, POST');
    expect(harness.requestStatements().length).toBe(before);
  }
});

test('D1 a header or parameter that names another method changes nothing', async () => {
  for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
    const response = await send(harness.app, `${url()}?${new URLSearchParams({ query: end, _method: 'POST' })}`, {
      headers: { authorization: `Bearer ${token}`, [name]: 'POST' },
    });
    expect(response.status).toBe(405);
  }
  expect((await harness.graphql(token, whoAmI)).status).toBe(200);
});
