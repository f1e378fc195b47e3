import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { createHarnessForTest } from '../support/harness.ts';
import { ownerOf, sourceCustomer, sourceOf } from '../support/import.ts';

/** More of them with BINDING_ROUNDS=10000. */
const rounds = Number(process.env['BINDING_ROUNDS'] ?? 50);
const roundsAtOnce = 25;

/** One user comes twice, another one presents the same address, both for the first time. */
const comers = ['owner', 'owner', 'stranger'] as const;

test('in many rounds of concurrent first sessions no customer is made twice, and exactly one is bound', async () => {
  const { rules, merchant, database } = await createHarnessForTest();
  const source = sourceOf(
    Array.from({ length: rounds }, (_round, index) => sourceCustomer(`cus_${index}`, `user${index}@x.com`)),
  );
  const options = { source, sourceName: 'rounds', mode: 'real', productKeyOf: (id: string) => id } as const;
  const owner = ownerOf(merchant);
  await rules.imports.run(owner, await rules.imports.begin(owner, options), options);

  async function play(round: number) {
    const sessions = await Promise.all(
      comers.map((who) =>
        merchant.billingos.createSessionToken({ externalUserId: `${who}-${round}`, email: `user${round}@x.com` }),
      ),
    );
    const [first, second, third] = sessions.map(({ customer }) => customer.id);
    expect(first).toBe(second);
    expect(third).not.toBe(first);
    expect(sessions.filter(({ bindOutcome }) => bindOutcome === 'BOUND')).toHaveLength(1);
  }

  for (let round = 0; round < rounds; round += roundsAtOnce) {
    await Promise.all(Array.from({ length: Math.min(roundsAtOnce, rounds - round) }, (_one, at) => play(round + at)));
  }
  const { rows } = await database.db.execute(sql`
    select count(*)::int as customers, count(external_user_id)::int as bound, count(stripe_customer_id)::int as imported
    from customers where merchant_id = ${merchant.id}`);
  expect(rows).toEqual([{ customers: 2 * rounds, bound: 2 * rounds, imported: rounds }]);
}, 1_800_000);
