import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countWritten, createSession, problemPaths, ways } from '../support/create-session.ts';
import { createHarness, type GraphqlAnswer, type Harness, send, toAnswer } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

/** `{"a": {"a": … {} }}`: so many objects, one in the other. */
const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });
const withKeys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
const stored = ({ data }: GraphqlAnswer) => data?.['createSession'].session.metadata;

describe.each(ways)('metadata given as %s', (way) => {
  test.each([
    ['nothing', {}],
    ['every kind of value', { a: null, b: true, c: -1.5, d: 'Ünïcode 😀', e: [1, [], {}], f: { g: { h: 'i' } } }],
    ['16 levels', nested(16)],
    ['50 keys', withKeys(50)],
    ['50 keys in all levels together', { list: [withKeys(24), withKeys(25)] }],
    ['the largest exact numbers', { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, tiny: 5e-324 }],
    ['line breaks and tabs', { note: 'one\ntwo\tthree\u2028four' }],
  ])('comes back as it was given: %s', async (_what, metadata) => {
    expect(stored(await createSession(harness, way, { externalUserId: 'ada', metadata }))).toEqual(metadata);
  });

  test.each([
    ['2,049 bytes, of which most are not ASCII', { note: `${'ü'.repeat(1_018)}xx` }],
    ['17 levels', nested(17)],
    ['17 levels of lists', { list: JSON.parse('['.repeat(16) + ']'.repeat(16)) as unknown }],
    ['51 keys', withKeys(51)],
    ['51 keys in all levels together', { list: [withKeys(25), withKeys(25)] }],
    ['the key __proto__', JSON.parse('{"__proto__": {"isAdmin": true}}') as object],
    ['the key constructor, deep inside', { a: [{ constructor: 1 }] }],
    ['the key prototype', { prototype: 1 }],
    ['a NUL in a text', { note: '\0' }],
    ['a number that JSON does not keep', { count: 2 ** 53 }],
    ['a negative one', { count: -(2 ** 53) }],
  ])('is refused for %s, and nothing is written', async (_what, metadata) => {
    const before = await countWritten(harness);
    const answer = await createSession(harness, way, { externalUserId: 'ada', metadata });

    expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    expect(new Set(problemPaths(answer))).toEqual(new Set(['input.metadata']));
    expect(await countWritten(harness)).toEqual(before);
  });
});

test.each([
  ['a NUL in a key', { 'a\0b': 1 }],
  ['half a surrogate pair in a text', { note: 'a\ud800' }],
  ['half a surrogate pair in a key', { '\udfff': 1 }],
])('metadata with %s is refused: no store would give it back', async (_what, metadata) => {
  const answer = await createSession(harness, 'variables', { externalUserId: 'ada', metadata });
  expect(problemPaths(answer)).toEqual(['input.metadata']);
});

/** `createSession` whose metadata is JSON text that no JavaScript object prints as. */
async function createWithText(metadata: string): Promise<GraphqlAnswer> {
  const query = 'mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { metadata } } }';
  const response = await send(harness.app, `${harness.issuers.test}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${harness.merchant.secretKey}` },
    body: `{"query": ${JSON.stringify(query)}, "variables": {"input": {"externalUserId": "ada", "metadata": ${metadata}}}}`,
  });
  return toAnswer(response);
}

test.each([
  ['a number beyond 2^53', '{"a": 9007199254740993}'],
  ['a number beyond every number', '{"a": 1e400}'],
  ['40,000 levels', '{"a":'.repeat(40_000) + '1' + '}'.repeat(40_000)],
  ['100,000 levels of lists', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
])('metadata with %s is refused', async (_what, metadata) => {
  const answer = await createWithText(metadata);
  expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
  expect(problemPaths(answer)).toEqual(['input.metadata']);
});

const createWithLiteral = (metadata: string, variables?: object) =>
  harness.graphql(
    harness.merchant.secretKey,
    `mutation ($note: String) { createSession(input: { externalUserId: "ada", metadata: ${metadata}, email: $note }) { session { metadata } } }`,
    variables,
  );

describe('metadata in a document', () => {
  test('may hold variables', async () => {
    expect(stored(await createWithLiteral('{ a: [$note] }', { note: 'a@b' }))).toEqual({ a: ['a@b'] });
  });

  test.each(['{ a: RED }', '{ a: $note }'])('is refused where it holds what JSON has not: %s', async (metadata) => {
    expect(problemPaths(await createWithLiteral(metadata))).toEqual(['input.metadata']);
  });

  test('changes no prototype', async () => {
    await createWithLiteral('{ __proto__: { polluted: 1 } }');
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });
});
