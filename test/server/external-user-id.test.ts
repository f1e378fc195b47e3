import { assert, asyncProperty, constantFrom, oneof, string } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSession } from '../support/create-session.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

test('a number written into the document is a user id of any size', async () => {
  const document =
    'mutation { createSession(input: { externalUserId: 9007199254740993 }) { customer { externalUserId } } }';
  const { data } = await harness.graphql(harness.merchant.secretKey, document);

  expect(data?.['createSession'].customer.externalUserId).toBe('9007199254740993');
});

const printableCharacter = string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter(
  (character) => !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(character),
);

test('every printable text comes back exactly as it was given, and never names another customer', async () => {
  const customersByUser = new Map<string, string>();
  const text = oneof(
    string({ unit: printableCharacter, minLength: 1, maxLength: 60 }),
    // Texts that a store might take for one another.
    constantFrom('é', 'e\u0301', 'ﬁ', 'fi', 'K', '\u212a', 'İ', 'i', 'I', ' a', 'a ', 'a', 'A', '1', '01', '%', '_'),
  );

  await assert(
    asyncProperty(text, async (externalUserId) => {
      const created = await createSession(harness, 'variables', { externalUserId });
      const { data } = await harness.graphql(
        created.data?.['createSession'].sessionToken,
        '{ viewer { id externalUserId } }',
      );

      expect(data?.['viewer'].externalUserId).toBe(externalUserId);
      expect(data?.['viewer'].id).toBe(customersByUser.get(externalUserId) ?? data?.['viewer'].id);
      customersByUser.set(externalUserId, data?.['viewer'].id);
    }),
    { numRuns: 100 },
  );
  expect(new Set(customersByUser.values()).size).toBe(customersByUser.size);
});
