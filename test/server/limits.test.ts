import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index));

/** The messages that a document is refused with before it is carried out; none when it is within the limits. */
async function refusalsOf(query: string, variables?: object): Promise<string[]> {
  const { errors } = await harness.graphql(harness.merchant.secretKey, query, variables);
  return errors.filter(({ extensions }) => extensions['code'] === 'INVALID_INPUT').map(({ message }) => message);
}

const aliases = (count: number) => `{ ${times(count, (index) => `a${index}: __typename`).join(' ')} }`;
const nestedAliases = (count: number) =>
  `{ node(id: "x") { ${times(count, (index) => `a${index}: __typename`).join(' ')} } }`;
const rootFields = (count: number) => `{ ${times(count, () => '__typename').join(' ')} }`;
const directives = (count: number) => `{ __typename ${times(count, () => '@include(if: true)').join(' ')} }`;
const tokens = (count: number) => `{ ${times(count - 2, () => 'a').join(' ')} }`;
const characters = (count: number) => `{ __typename } #${'x'.repeat(count - 16)}`;
const brackets = (depth: number) => `{ node(id: ${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}) { id } }`;
const depth = (levels: number) => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;

describe('a document', () => {
  test.each([
    ['10,000 characters', characters(10_000), characters(10_001)],
    ['15 aliases, of __typename too', aliases(10), aliases(16)],
    ['10 root fields', rootFields(10), rootFields(11)],
    [
      'one creation',
      'mutation { createSession(input: { externalUserId: "a" }) { expiresIn } }',
      'mutation { a: createSession(input: { externalUserId: "a" }) { expiresIn } b: createSession(input: { externalUserId: "a" }) { expiresIn } }',
    ],
  ])('may have %s and no more', async (_limit, within, beyond) => {
    expect(await refusalsOf(within)).toEqual([]);
    expect(await refusalsOf(beyond)).not.toEqual([]);
  });

  test('may have 15 aliases below one root field and no more', async () => {
    expect(await refusalsOf(nestedAliases(15))).toEqual([]);
    expect(await refusalsOf(nestedAliases(16))).not.toEqual([]);
  });

  test('may not repeat directives beyond 20', async () => {
    expect((await refusalsOf(directives(21))).join()).toMatch(/irectives/);
  });

  test('may not nest brackets beyond 64, whatever they enclose', async () => {
    expect(await refusalsOf(brackets(65))).toEqual(['The document is nested too deeply.']);
    expect(await refusalsOf(brackets(64))).not.toContain('The document is nested too deeply.');
  });
});

// Their fields do not exist, which is refused as well: what counts is whether the limit is named.
test.each([
  ['1,000 tokens', /Token limit/, tokens(1_000), tokens(1_001)],
  ['8 levels', /depth limit/, depth(8), depth(10)],
])('a document may have %s and no more', async (_limit, message, within, beyond) => {
  expect((await refusalsOf(within)).join()).not.toMatch(message);
  expect((await refusalsOf(beyond)).join()).toMatch(message);
});

describe('work that one request may cause stays small', () => {
  test('when fragments spread each other again and again', async () => {
    const levels = 80;
    const fragments = times(levels, (index) => `fragment f${index} on Query { ...f${index + 1} ...f${index + 1} }`);
    const document = `{ ...f0 } ${fragments.join(' ')} fragment f${levels} on Query { __typename }`;
    // Exponential work would not end within the lifetime of this machine; the test's own time limit stands for that.
    const { errors } = await harness.graphql(null, document);
    expect(errors).toEqual([]);
  });

  test('when every element of a long list is wrong', async () => {
    const input = { externalUserId: 'a', allowedOperations: Array.from({ length: 15_000 }, () => 1) };
    const query = 'mutation ($input: CreateSessionInput!) { createSession(input: $input) { expiresIn } }';

    const anonymous = await harness.graphql(null, query, { input });
    expect(anonymous.code).toBe('UNAUTHENTICATED');
    const { errors } = await harness.graphql(harness.merchant.secretKey, query, { input });
    expect(errors[0]?.extensions['problems']).toHaveLength(50);
  });
});

test('in production nothing is suggested to who mistypes a name, in the sandbox it is', async () => {
  const { graphql } = harness;
  const live = await graphql(null, '{ viewr { id } }', {}, { environment: 'live' });
  const sandbox = await graphql(null, '{ viewr { id } }');

  expect(live.text).not.toContain('Did you mean');
  expect(sandbox.text).toContain('Did you mean');
});

test('in production the schema is shown to secret keys alone, whoever asked before', async () => {
  const { graphql, newMerchant } = harness;
  const live = await newMerchant('Live', 'live');
  const query = '{ __schema { queryType { name } } }';

  expect((await graphql(live.secretKey, query, {}, { environment: 'live' })).errors).toEqual([]);
  expect((await graphql(null, query, {}, { environment: 'live' })).errors).not.toEqual([]);
  expect((await graphql(null, query)).errors).toEqual([]);
});
