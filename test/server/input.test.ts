import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countWritten, createSession, problemPaths, ways } from '../support/create-session.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const user = (input: object = {}) => ({ externalUserId: 'ada', ...input });
const metadataOfBytes = (bytes: number) => ({ note: 'x'.repeat(bytes - '{"note":""}'.length) });

describe.each(ways)('an input given as %s', (way) => {
  test.each([
    ['a user id of 1 character', { externalUserId: 'a' }],
    ['a user id of 255 characters', { externalUserId: 'a'.repeat(255) }],
    ['a user id of 255 characters beyond 16 bits', { externalUserId: '😀'.repeat(255) }],
    ['a user id that is a number', { externalUserId: 42 }],
    ['an organization id of 255 characters', user({ externalOrganizationId: 'o'.repeat(255) })],
    ['the shortest address', user({ email: 'a@b' })],
    ['an address of 320 characters', user({ email: `${'a'.repeat(318)}@b` })],
    ['60 seconds', user({ expiresIn: 60 })],
    ['86,400 seconds', user({ expiresIn: 86_400 })],
    ['metadata of 2,048 bytes', user({ metadata: metadataOfBytes(2_048) })],
    ['null for everything that may be left out', user({ email: null, expiresIn: null, metadata: null })],
    ['no operation at all', user({ allowedOperations: [] })],
  ])('may have %s', async (_what, input) => {
    const { status, errors } = await createSession(harness, way, input);
    expect({ status, errors }).toEqual({ status: 200, errors: [] });
  });

  test.each([
    ['an empty user id', { externalUserId: '' }, ['externalUserId']],
    ['a user id of 256 characters', { externalUserId: 'a'.repeat(256) }, ['externalUserId']],
    ['a user id of 256 characters beyond 16 bits', { externalUserId: '😀'.repeat(256) }, ['externalUserId']],
    ['a user id with a NUL', { externalUserId: 'a\0b' }, ['externalUserId']],
    ['a user id with a tab', { externalUserId: 'a\tb' }, ['externalUserId']],
    ['a user id with a line feed', { externalUserId: 'a\nb' }, ['externalUserId']],
    ['a user id with DEL', { externalUserId: 'a\u007f' }, ['externalUserId']],
    ['a user id with a C1 control character', { externalUserId: 'a\u0085' }, ['externalUserId']],
    ['a user id with a line separator', { externalUserId: 'a\u2028b' }, ['externalUserId']],
    ['a user id with a paragraph separator', { externalUserId: 'a\u2029b' }, ['externalUserId']],
    ['an empty organization id', user({ externalOrganizationId: '' }), ['externalOrganizationId']],
    [
      'an organization id of 256 characters',
      user({ externalOrganizationId: 'o'.repeat(256) }),
      ['externalOrganizationId'],
    ],
    ['an organization id with a NUL', user({ externalOrganizationId: '\0' }), ['externalOrganizationId']],
    ['an address without an @', user({ email: 'ada.example' }), ['email']],
    ['an address with two', user({ email: 'ada@ada@example.com' }), ['email']],
    ['an address without a name', user({ email: '  @example.com' }), ['email']],
    ['an address of 321 characters', user({ email: `${'a'.repeat(319)}@b` }), ['email']],
    ['an address on two lines', user({ email: 'ada@example.com\nbcc: eve@example.com' }), ['email']],
    ['59 seconds', user({ expiresIn: 59 }), ['expiresIn']],
    ['86,401 seconds', user({ expiresIn: 86_401 }), ['expiresIn']],
    ['0 seconds', user({ expiresIn: 0 }), ['expiresIn']],
    ['-1 seconds', user({ expiresIn: -1 }), ['expiresIn']],
    ['metadata of 2,049 bytes', user({ metadata: metadataOfBytes(2_049) }), ['metadata']],
    [
      'problems everywhere, all told at once',
      {
        externalUserId: '',
        externalOrganizationId: '\n',
        email: 'no address',
        expiresIn: 59,
        metadata: { constructor: 1 },
      },
      ['externalUserId', 'externalOrganizationId', 'email', 'expiresIn', 'metadata'],
    ],
  ])('is refused for %s, and nothing is written', async (_what, input, names) => {
    const before = await countWritten(harness);
    const answer = await createSession(harness, way, input);

    expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    expect(new Set(problemPaths(answer))).toEqual(new Set(names.map((name) => `input.${name}`)));
    expect(await countWritten(harness)).toEqual(before);
  });

  test.each([
    ['half a surrogate pair', { externalUserId: 'a\ud800' }],
    ['the other half', { externalUserId: '\udc00a' }],
    ['a lifetime with a fraction', user({ expiresIn: 3600.5 })],
    ['a lifetime as text', user({ expiresIn: '3600' })],
    ['a lifetime beyond 32 bits', user({ expiresIn: 2 ** 31 })],
    ['a user id that is a fraction', { externalUserId: 1.5 }],
    ['a user id that is a list of two', { externalUserId: ['a', 'b'] }],
    ['a user id that is null', { externalUserId: null }],
    ['no user id', { email: 'ada@example.com' }],
    ['an address that is a number', user({ email: 5 })],
    ['an unknown operation', user({ allowedOperations: ['FLY'] })],
    ['operations that are a number', user({ allowedOperations: 7 })],
    ['an unknown field', user({ customerId: 'cus_1' })],
    ['metadata that is text', user({ metadata: 'note' })],
    ['metadata that is a list', user({ metadata: [1] })],
  ])('is refused for %s, which GraphQL itself finds, and nothing is written', async (_what, input) => {
    const before = await countWritten(harness);
    const { code, data } = await createSession(harness, way, input);

    expect(code).toBe('INVALID_INPUT');
    expect(data?.['createSession']).toBeUndefined();
    expect(await countWritten(harness)).toEqual(before);
  });

  test.each([
    ['a stranger', () => null, 'UNAUTHENTICATED'],
    ['a wrong key', () => 'sk_test_wrong', 'UNAUTHENTICATED'],
    ['a customer', async () => (await harness.merchant.billingos.createSessionToken(user())).sessionToken, 'FORBIDDEN'],
  ])('is not looked at for %s', async (_who, credentialOf, code) => {
    const answer = await createSession(harness, way, { externalUserId: '', expiresIn: 59 }, await credentialOf());

    expect(answer.code).toBe(code);
    expect(problemPaths(answer)).toEqual([]);
    expect(answer.text).not.toMatch(/characters|seconds|expiresIn|externalUserId/);
  });
});

describe('variables', () => {
  test('tell problems of type and of rule together, each with its path and without the value', async () => {
    const answer = await createSession(harness, 'variables', {
      externalUserId: '',
      email: 'a secret of the caller',
      expiresIn: 'another secret',
      allowedOperations: ['READ_CUSTOMER', 7],
      metadata: 'a third secret',
      surname: 'Lovelace',
    });

    expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    expect(problemPaths(answer).toSorted()).toEqual([
      'input',
      'input.allowedOperations.1',
      'input.email',
      'input.expiresIn',
      'input.externalUserId',
      'input.metadata',
    ]);
    expect(answer.text).toContain('surname');
    expect(answer.text).not.toContain('secret');
  });

  test.each([
    ['a stranger', () => null, 'UNAUTHENTICATED'],
    ['a customer', async () => (await harness.merchant.billingos.createSessionToken(user())).sessionToken, 'FORBIDDEN'],
  ])('of a wrong type tell %s nothing, also through a fragment', async (_who, credentialOf, code) => {
    const document =
      'mutation ($input: CreateSessionInput!) { ...F } fragment F on Mutation { a: createSession(input: $input) { expiresIn } }';
    const answer = await harness.graphql(await credentialOf(), document, { input: { expiresIn: 3600.5 } });

    expect(answer.code).toBe(code);
    expect(answer.text).not.toContain('externalUserId');
  });

  test('refuse a user id that JSON has rounded, so that two users never become one', async () => {
    const answer = await createSession(harness, 'variables', { externalUserId: 2 ** 53 });

    expect(problemPaths(answer)).toEqual(['input.externalUserId']);
  });
});
