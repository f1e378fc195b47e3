import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { environments } from '../../schema/environment.ts';
import type { KeyId } from '../../schema/id.ts';
import { generateSecretKey } from '../../server/secret-key.ts';
import { createHarness, createHarnessForTest, type Harness, sdkFor, type TestMerchant } from '../support/harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

const hourMs = 3_600_000;

/** What a credential may do: its caller is accepted, or why not. No row is read for it. */
const codeFor = async (credential: string, { graphql } = harness) =>
  (await graphql(credential, '{ session(id: "none") { id } }')).code ?? 'ACCEPTED';

const ownerOf = ({ id, environment }: TestMerchant) => ({ merchantId: id, environment });
const keyIdOf = ({ keyId }: TestMerchant) => keyId as KeyId;

/** A merchant with a key and a session of three hours that the key created. */
async function merchantWithSession() {
  const merchant = await harness.newMerchant('Acme');
  const { sessionToken } = await merchant.billingos.createSessionToken({ externalUserId: 'ada', expiresIn: 10_800 });
  const sessionCode = async () => (await harness.graphql(sessionToken, '{ viewer { id } }')).code ?? 'ACCEPTED';
  return { merchant, owner: ownerOf(merchant), keyId: keyIdOf(merchant), sessionCode };
}

function checksumOf(body: string): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const toBase62 = (value: number): string =>
    value === 0 ? '' : toBase62(Math.floor(value / 62)) + digits.charAt(value % 62);
  return toBase62(crc32(body)).padStart(6, '0');
}

describe('a secret key', () => {
  test.each(environments)('of %s is a prefix, 30 random characters and their checksum', (environment) => {
    const keys = Array.from({ length: 500 }, () => generateSecretKey(environment));
    for (const key of keys) {
      expect(key).toMatch(new RegExp(`^sk_${environment}_[0-9A-Za-z]{36}$`));
      expect(key.slice(-6)).toBe(checksumOf(key.slice(0, -6)));
    }
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('is shown once: a list has its last four characters', async () => {
    const { id, environment, secretKey, keyId } = await harness.newMerchant('Acme');
    const listed = await harness.rules.secretKeys.list({ merchantId: id, environment });

    expect(listed).toEqual([
      {
        merchantId: id,
        environment,
        id: keyId,
        name: 'Key',
        lastFour: secretKey.slice(-4),
        createdAt: expect.any(Date),
        endsAt: null,
      },
    ]);
  });

  test('is not in the database: what lies there is a digest', async () => {
    const { secretKey, keyId } = await harness.newMerchant('Acme');
    const { rows } = await harness.database.db.execute<{ row: string; digest: string }>(
      `select to_jsonb(secret_keys)::text as row, digest from secret_keys where id = '${keyId}'`,
    );

    expect(rows[0]?.digest).toMatch(/^[\w-]{43}$/);
    expect(rows[0]?.row).not.toContain(secretKey.slice('sk_test_'.length, -4));
  });

  test('of one environment is refused at the other, which is named', async () => {
    const { secretKey } = harness.merchant;
    const { status, errors } = await harness.graphql(
      secretKey,
      '{ session(id: "none") { id } }',
      {},
      { environment: 'live' },
    );

    expect(status).toBe(401);
    expect(errors[0]?.extensions).toMatchObject({
      code: 'WRONG_ENVIRONMENT',
      endpoint: `${harness.issuers.test}/graphql`,
    });
  });
});

describe('rolling a key', () => {
  test('gives another one of the same name, and both work until the overlap is over', async () => {
    const { merchant, owner, keyId } = await merchantWithSession();
    const { secretKey, record } = await harness.rules.secretKeys.roll(owner, keyId, {
      overlapMs: hourMs,
      sessions: 'revoke',
    });

    expect(record).toMatchObject({ name: 'Key', endsAt: null });
    expect([await codeFor(merchant.secretKey), await codeFor(secretKey)]).toEqual(['ACCEPTED', 'ACCEPTED']);
    harness.clock.advance(hourMs - 5_000);
    expect([await codeFor(merchant.secretKey), await codeFor(secretKey)]).toEqual(['ACCEPTED', 'ACCEPTED']);
    harness.clock.advance(6_000);
    expect([await codeFor(merchant.secretKey), await codeFor(secretKey)]).toEqual(['UNAUTHENTICATED', 'ACCEPTED']);
  });

  test('ends the old key at once when no overlap is asked for', async () => {
    const { merchant, owner, keyId, sessionCode } = await merchantWithSession();
    await harness.rules.secretKeys.roll(owner, keyId, { overlapMs: 0, sessions: 'revoke' });

    await expect.poll(() => codeFor(merchant.secretKey), { timeout: 2_000 }).toBe('UNAUTHENTICATED');
    expect(await sessionCode()).toBe('TOKEN_REVOKED');
  });

  test('ends the sessions of the old key together with it, those of the overlap too', async () => {
    const { merchant, owner, keyId, sessionCode } = await merchantWithSession();
    await harness.rules.secretKeys.roll(owner, keyId, { overlapMs: hourMs, sessions: 'revoke' });
    const late = await merchant.billingos.createSessionToken({ externalUserId: 'bob', expiresIn: 10_800 });

    expect(await sessionCode()).toBe('ACCEPTED');
    harness.clock.advance(hourMs + 1_000);
    expect(await sessionCode()).toBe('TOKEN_REVOKED');
    expect(await codeFor(late.sessionToken)).toBe('TOKEN_REVOKED');
  });

  test('leaves its sessions where that is asked for', async () => {
    const { owner, keyId, sessionCode } = await merchantWithSession();
    await harness.rules.secretKeys.roll(owner, keyId, { overlapMs: hourMs, sessions: 'keep' });

    harness.clock.advance(hourMs + 1_000);
    expect(await sessionCode()).toBe('ACCEPTED');
  });

  test('is won by one of many who try it at once, in whatever process: the others get CONFLICT', async () => {
    const other = await createHarnessForTest({ connection: harness.connection, clock: harness.clock });
    const { owner, keyId } = await merchantWithSession();
    const rolls = await Promise.allSettled(
      // The later ones ask for an earlier end, which must not make them winners too.
      [harness, other, harness, other, harness, other].map(({ rules }, index) =>
        rules.secretKeys.roll(owner, keyId, { overlapMs: (6 - index) * hourMs, sessions: 'revoke' }),
      ),
    );

    const refusals = rolls.flatMap((roll) => (roll.status === 'rejected' ? [roll.reason as unknown] : []));
    expect(refusals).toHaveLength(5);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'CONFLICT' });
    expect(await harness.rules.secretKeys.list(owner)).toHaveLength(2);
  });

  test('is a CONFLICT for a key that was rolled or revoked before', async () => {
    const { owner, keyId } = await merchantWithSession();
    await harness.rules.secretKeys.revoke(owner, keyId, { sessions: 'keep' });

    await expect(
      harness.rules.secretKeys.roll(owner, keyId, { overlapMs: 0, sessions: 'revoke' }),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('revoking a key', () => {
  test('ends it and its sessions', async () => {
    const { merchant, owner, keyId, sessionCode } = await merchantWithSession();
    const { endsAt } = await harness.rules.secretKeys.revoke(owner, keyId, { sessions: 'revoke' });

    expect(endsAt?.getTime()).toBeLessThanOrEqual(harness.clock.now());
    expect(await sessionCode()).toBe('TOKEN_REVOKED');
    await expect.poll(() => codeFor(merchant.secretKey), { timeout: 2_000 }).toBe('UNAUTHENTICATED');
  });

  test('leaves its sessions where that is asked for, and ends them when it is asked again', async () => {
    const { owner, keyId, sessionCode } = await merchantWithSession();
    await harness.rules.secretKeys.revoke(owner, keyId, { sessions: 'keep' });
    expect(await sessionCode()).toBe('ACCEPTED');

    await harness.rules.secretKeys.revoke(owner, keyId, { sessions: 'revoke' });
    expect(await sessionCode()).toBe('TOKEN_REVOKED');
  });

  test('with its sessions kept is a CONFLICT when a roll has announced their end, and changes nothing', async () => {
    const { merchant, owner, keyId, sessionCode } = await merchantWithSession();
    await harness.rules.secretKeys.roll(owner, keyId, { overlapMs: hourMs, sessions: 'revoke' });

    await expect(harness.rules.secretKeys.revoke(owner, keyId, { sessions: 'keep' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect([await codeFor(merchant.secretKey), await sessionCode()]).toEqual(['ACCEPTED', 'ACCEPTED']);
  });

  test('counts from the beginning of a read, however slow: a second later the key is looked for again', async () => {
    const { merchant } = await merchantWithSession();
    harness.clock.advance(1_001);
    const slow = await harness.database.transaction(async (transaction) => {
      await transaction.execute('lock table secret_keys in access exclusive mode');
      const answer = harness.rules.secretKeys.find(harness.rules.secretKeys.digestOf(merchant.secretKey));
      harness.clock.advance(1_500);
      return { answer };
    });
    expect(await slow.answer).not.toBeNull();
    const before = harness.requestStatements().length;
    await harness.rules.secretKeys.find(harness.rules.secretKeys.digestOf(merchant.secretKey));
    expect(harness.requestStatements().slice(before)).toHaveLength(1);
  });

  test('callers with a key in use do not queue while the database says nothing of it', async () => {
    const { merchant } = await merchantWithSession();
    harness.clock.advance(1_001);
    await harness.database.db.execute('alter table secret_keys rename to hidden_keys');
    onTestFinished(
      async () => void (await harness.database.db.execute('alter table hidden_keys rename to secret_keys')),
    );
    // The first one finds out.
    await codeFor(merchant.secretKey);
    const before = harness.requestStatements().length;
    await Promise.all(Array.from({ length: 20 }, () => codeFor(merchant.secretKey)));
    expect(harness.requestStatements().slice(before)).toHaveLength(1);
  });

  test('cuts the overlap of a rolled one short', async () => {
    const { merchant, owner, keyId } = await merchantWithSession();
    await harness.rules.secretKeys.roll(owner, keyId, { overlapMs: hourMs, sessions: 'revoke' });
    await harness.rules.secretKeys.revoke(owner, keyId, { sessions: 'revoke' });

    await expect.poll(() => codeFor(merchant.secretKey), { timeout: 2_000 }).toBe('UNAUTHENTICATED');
  });

  test('is seen by another process within a second, for the key and for its sessions', async () => {
    const other = await createHarnessForTest({ connection: harness.connection, clock: harness.clock });
    const { merchant, owner, keyId } = await merchantWithSession();
    const { sessionToken } = await sdkFor(other.app, merchant.secretKey).createSessionToken({ externalUserId: 'eve' });
    expect(await codeFor(merchant.secretKey, other)).toBe('ACCEPTED');

    const revokedAt = performance.now();
    await harness.rules.secretKeys.revoke(owner, keyId, { sessions: 'revoke' });
    await expect
      .poll(() => codeFor(merchant.secretKey, other), { interval: 20, timeout: 5_000 })
      .toBe('UNAUTHENTICATED');
    await expect.poll(() => codeFor(sessionToken, other), { interval: 20, timeout: 5_000 }).toBe('TOKEN_REVOKED');
    // Half a second for the machine that runs this.
    expect(performance.now() - revokedAt).toBeLessThan(1_500);
  });

  test.each([
    ['of another merchant', () => harness.rival.keyId],
    ['that is not there', () => 'key_00000000000000000000000000'],
  ])('%s is NOT_FOUND, for rolling too', async (_whose, keyId) => {
    const { secretKeys } = harness.rules;
    const owner = ownerOf(harness.merchant);
    const id = keyId() as KeyId;

    await expect(secretKeys.revoke(owner, id, { sessions: 'revoke' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(secretKeys.roll(owner, id, { sessions: 'revoke', overlapMs: 0 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await codeFor(harness.rival.secretKey)).toBe('ACCEPTED');
  });
});
