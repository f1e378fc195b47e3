import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  expectTypeOf,
  type MockInstance,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import type {
  BillingOS,
  BindAttempt,
  BindOutcome,
  BindingExplanation,
  CreatedSession,
  Customer,
  CustomerBy,
  CustomerPage,
  ExternalIdentityInput,
  UnresolvedCustomer,
} from '../../client/node.ts';
import { createHarness, publicUrl, sdkFor, send, type Harness, type TestMerchant } from '../support/harness.ts';
import { importCustomers } from '../support/import.ts';

let harness: Harness;
let merchant: TestMerchant;
let billingos: BillingOS;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

beforeEach(async () => {
  merchant = await harness.newMerchant('Merchant');
  billingos = merchant.billingos;
});

const ada = { externalUserId: 'ada' };
const bob = { externalUserId: 'bob' };
const missingId = 'cus_01jd3v5x8nf2rb9p0q4kzw7ych';

async function importOne(email: string | null = 'ada@x.com'): Promise<string> {
  const { cus_1: id = '' } = await importCustomers(harness, merchant, { cus_1: email });
  return id;
}

async function all<Item>(list: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of list) items.push(item);
  return items;
}

describe('a customer', () => {
  test('is made before its first session, which is for that customer', async () => {
    const input = { identity: ada, email: 'ada@x.com', name: 'Ada', metadata: { plan: 'gold' } };

    const customer = await billingos.createCustomer(input);

    expect(customer).toEqual({
      id: expect.stringMatching(/^cus_/),
      externalUserId: 'ada',
      externalOrganizationId: null,
      email: 'ada@x.com',
      name: 'Ada',
      source: 'API',
      stripeCustomerId: null,
      metadata: { plan: 'gold' },
      createdAt: expect.any(Date),
    });
    const created = await billingos.createSessionToken(ada);
    expect(created).toMatchObject({ customer, session: { customer } });
  });

  test('is the same one when it is made again, and another one of this identity is a conflict', async () => {
    const customer = await billingos.createCustomer({ identity: ada, name: 'Ada' });

    await expect(billingos.createCustomer({ identity: ada, name: 'Ada' })).resolves.toEqual(customer);
    await expect(billingos.createCustomer({ identity: ada, name: 'Eve' })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('is found by each of its ids, and what is not there is null', async () => {
    const user = await billingos.createCustomer({ identity: ada });
    const organization = await billingos.createCustomer({ identity: { externalOrganizationId: 'acme' } });
    const importedId = await importOne();

    await expect(billingos.customer({ id: user.id })).resolves.toEqual(user);
    await expect(billingos.customer(ada)).resolves.toEqual(user);
    await expect(billingos.customer({ externalOrganizationId: 'acme' })).resolves.toEqual(organization);
    await expect(billingos.customer({ stripeCustomerId: 'cus_1' })).resolves.toMatchObject({ id: importedId });
    await expect(billingos.customer(bob)).resolves.toBeNull();
    await expect(billingos.customer({ id: missingId })).resolves.toBeNull();
  });

  test('changes in what is said, keeps what is left out, and loses what is null', async () => {
    const { id } = await billingos.createCustomer({ identity: ada, email: 'ada@x.com', name: 'Ada' });

    const updated = await billingos.updateCustomer(id, { email: null, metadata: { plan: 'gold' } });

    expect(updated).toMatchObject({ email: null, name: 'Ada', metadata: { plan: 'gold' } });
    await expect(billingos.updateCustomer(id, { email: null, metadata: { plan: 'gold' } })).resolves.toEqual(updated);
    await expect(billingos.customer({ id })).resolves.toEqual(updated);
  });

  test('is deleted once, with its sessions', async () => {
    const { customer, sessionToken } = await billingos.createSessionToken(ada);

    await expect(billingos.deleteCustomer(customer.id)).resolves.toEqual({ deletedId: customer.id });
    await expect(billingos.deleteCustomer(customer.id)).resolves.toEqual({ deletedId: null });

    await expect(billingos.customer({ id: customer.id })).resolves.toBeNull();
    await expect(billingos.introspectSession(sessionToken)).resolves.toEqual({ active: false });
  });

  test('whose input is wrong is refused with all that is wrong', async () => {
    const call = billingos.createCustomer({ identity: ada, email: 'nobody', name: '' });

    await expect(call).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/^- input\.email: \S.*\n- input\.name: \S/m),
    });
  });
});

describe('a list', () => {
  const imported = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`cus_${index}`, `u${index}@x.com`]));

  test('of customers walks all of them, newest first, at once or page by page', async () => {
    const ids = Object.values(await importCustomers(harness, merchant, imported));

    const walked = await all(billingos.listCustomers());

    expect(walked.map(({ id }) => id)).toEqual(ids.toSorted().toReversed());
    expect(walked[0]).toMatchObject({ source: 'IMPORT', createdAt: expect.any(Date) });
    const first = await billingos.listCustomers().page({ first: 100 });
    const second = await billingos.listCustomers().page({ first: 100, after: first.nextCursor });
    expect([...first.customers, ...second.customers]).toEqual(walked);
    expect(second).toMatchObject({ customers: { length: 20 }, nextCursor: undefined });
  });

  test('of customers has those of which all that is given holds', async () => {
    const id = await importOne('Ada@X.com');
    const made = await billingos.createCustomer({ identity: bob, email: 'bob@x.com' });
    const listed = async (...filter: Parameters<BillingOS['listCustomers']>) =>
      (await all(billingos.listCustomers(...filter))).map((customer) => customer.id);

    await expect(listed({ bound: false })).resolves.toEqual([id]);
    await expect(listed({ bound: true })).resolves.toEqual([made.id]);
    await expect(listed({ email: ' ada@x.com ' })).resolves.toEqual([id]);
    await expect(listed({ source: 'API' })).resolves.toEqual([made.id]);
    await expect(listed({ source: 'API', bound: false })).resolves.toEqual([]);
  });

  test('of unresolved customers walks all of them, newest first, at once or page by page', async () => {
    const ids = Object.values(await importCustomers(harness, merchant, imported));

    const walked = await all(billingos.listUnresolvedCustomers());

    expect(walked.map(({ customer }) => customer.id)).toEqual(ids.toSorted().toReversed());
    expect(walked[0]).toMatchObject({
      bucket: 'PENDING',
      reason: 'AWAITS_SESSION',
      customer: { createdAt: expect.any(Date) },
    });
    const first = await billingos.listUnresolvedCustomers().page({ first: 100 });
    const second = await billingos.listUnresolvedCustomers().page({ first: 100, after: first.nextCursor });
    expect([...first.unresolvedCustomers, ...second.unresolvedCustomers]).toEqual(walked);
    expect(second).toMatchObject({ unresolvedCustomers: { length: 20 }, nextCursor: undefined });
  });

  test('of unresolved customers can be limited to one bucket, on every page', async () => {
    const { cus_1: pending } = await importCustomers(harness, merchant, {
      cus_1: 'ada@x.com',
      cus_2: null,
      cus_3: null,
    });

    const waiting = await all(billingos.listUnresolvedCustomers({ bucket: 'PENDING' }));
    expect(waiting.map(({ customer }) => customer.id)).toEqual([pending]);

    const list = billingos.listUnresolvedCustomers({ bucket: 'NEEDS_ATTENTION' });
    const first = await list.page({ first: 1 });
    const second = await list.page({ first: 1, after: first.nextCursor });
    expect([...first.unresolvedCustomers, ...second.unresolvedCustomers].map(({ reason }) => reason)).toEqual([
      'NO_EMAIL',
      'NO_EMAIL',
    ]);
    expect(second.nextCursor).toBeUndefined();
  });

  test('rejects with INVALID_INPUT for a cursor that is none of its own', async () => {
    const refused = { code: 'INVALID_INPUT' };
    await expect(billingos.listCustomers().page({ after: 'elsewhere' })).rejects.toMatchObject(refused);
    await expect(billingos.listUnresolvedCustomers().page({ after: 'elsewhere' })).rejects.toMatchObject(refused);
  });
});

describe('whose a customer is', () => {
  test('createSessionToken tells what came of looking for it, and how many are nobody’s yet', async () => {
    const { cus_1: id } = await importCustomers(harness, merchant, { cus_1: 'ada@x.com', cus_2: 'bob@x.com' });

    const created = await billingos.createSessionToken({ ...ada, email: 'ada@x.com' });

    expect(created).toMatchObject({ bindOutcome: 'BOUND', unresolvedCustomers: 1, customer: { id, ...ada } });
  });

  test('bindCustomer says it once, and the same again changes nothing', async () => {
    const id = await importOne(null);

    const bound = await billingos.bindCustomer(id, ada);

    expect(bound).toMatchObject({ id, externalUserId: 'ada', stripeCustomerId: 'cus_1' });
    await expect(billingos.bindCustomer(id, ada)).resolves.toEqual(bound);
    await expect(billingos.bindCustomer(id, bob)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(all(billingos.listUnresolvedCustomers())).resolves.toEqual([]);
  });

  test('of two bindCustomer calls at once one wins, and the other is a conflict', async () => {
    const id = await importOne();

    const outcomes = await Promise.allSettled([billingos.bindCustomer(id, ada), billingos.bindCustomer(id, bob)]);

    const [won] = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    const [lost] = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(lost?.reason).toMatchObject({ name: 'BillingOSError', code: 'CONFLICT', retryable: false });
    await expect(billingos.customer({ id })).resolves.toEqual(won?.value);
  });

  test('relinkCustomer gives it to somebody else, ends its sessions, and the same again changes nothing', async () => {
    const { customer, sessionToken } = await billingos.createSessionToken(ada);

    const relinked = await billingos.relinkCustomer(customer.id, bob, 'The account was sold.');

    expect(relinked).toEqual({ ...customer, externalUserId: 'bob' });
    await expect(billingos.introspectSession(sessionToken)).resolves.toEqual({ active: false });
    const again = billingos.relinkCustomer(customer.id, bob, 'The account was sold.');
    await expect(again).resolves.toEqual(relinked);
  });

  test('mergeCustomers makes one of two, and the same again changes nothing', async () => {
    const { customer: into } = await billingos.createSessionToken(ada);
    const from = await importOne();
    const merge = { from, into: into.id, reason: 'One person.' };

    const merged = await billingos.mergeCustomers(merge);

    expect(merged).toMatchObject({ id: into.id, ...ada, stripeCustomerId: 'cus_1', email: 'ada@x.com' });
    await expect(billingos.mergeCustomers(merge)).resolves.toEqual(merged);
    await expect(billingos.customer({ id: from })).resolves.toBeNull();
  });

  test('explainBinding shows what was tried, newest first, and why it is nobody’s yet', async () => {
    const id = await importOne();
    await expect(billingos.explainBinding(id)).resolves.toMatchObject({
      customer: { id },
      unresolved: { bucket: 'PENDING', reason: 'AWAITS_SESSION', customer: { id, createdAt: expect.any(Date) } },
      attempts: [],
    });

    await billingos.bindCustomer(id, ada);
    await billingos.relinkCustomer(id, bob, 'The account was sold.');

    await expect(billingos.explainBinding(id)).resolves.toMatchObject({
      customer: { id, externalUserId: 'bob' },
      unresolved: null,
      attempts: [
        { outcome: 'RELINKED', externalUserId: 'bob', reason: 'The account was sold.', keyId: merchant.keyId },
        { outcome: 'BOUND_BY_HAND', externalUserId: 'ada', reason: null, createdAt: expect.any(Date) },
      ],
    });
  });
});

describe('another merchant’s customer looks like one that is not there', () => {
  let rival: TestMerchant;
  let theirs: Customer;
  beforeEach(async () => {
    rival = await harness.newMerchant('Rival');
    theirs = await rival.billingos.createCustomer({ identity: ada, email: 'ada@x.com' });
  });

  const calls: [string, (id: string, own: string) => Promise<unknown>][] = [
    ['updateCustomer', (id) => billingos.updateCustomer(id, { name: 'Mine' })],
    ['updateCustomer without a change', (id) => billingos.updateCustomer(id, {})],
    ['bindCustomer', (id) => billingos.bindCustomer(id, bob)],
    ['relinkCustomer', (id) => billingos.relinkCustomer(id, bob, 'Mine.')],
    ['mergeCustomers from it', (id, own) => billingos.mergeCustomers({ from: id, into: own, reason: 'Mine.' })],
    ['mergeCustomers into it', (id, own) => billingos.mergeCustomers({ from: own, into: id, reason: 'Mine.' })],
    ['explainBinding', (id) => billingos.explainBinding(id)],
  ];

  test.each(calls)('%s is NOT_FOUND', async (_name, call) => {
    const { id: own } = await billingos.createCustomer({ identity: ada });
    const [refused, missing] = await Promise.all(
      [theirs.id, missingId].map((id) => call(id, own).catch((error: unknown) => error as Error)),
    );

    expect(refused).toMatchObject({ name: 'BillingOSError', code: 'NOT_FOUND', retryable: false });
    expect(refused).toHaveProperty('message', (missing as Error).message);
    await expectUntouched();
  });

  test('customer is null, by whatever id', async () => {
    await expect(billingos.customer({ id: theirs.id })).resolves.toBeNull();
    await expect(billingos.customer(ada)).resolves.toBeNull();
  });

  test('deleteCustomer deletes nothing', async () => {
    await expect(billingos.deleteCustomer(theirs.id)).resolves.toEqual({ deletedId: null });
    await expectUntouched();
  });

  test('no list has it', async () => {
    await expect(all(billingos.listCustomers())).resolves.toEqual([]);
    await expect(all(billingos.listUnresolvedCustomers())).resolves.toEqual([]);
  });

  const expectUntouched = () => expect(rival.billingos.customer({ id: theirs.id })).resolves.toEqual(theirs);
});

describe('the warning of sessions without an address', () => {
  let emitWarning: MockInstance<typeof process.emitWarning>;
  beforeEach(() => {
    Reflect.deleteProperty(globalThis, Symbol.for('billingos.unresolvedCustomersWarned'));
    emitWarning = vi.spyOn(process, 'emitWarning').mockReturnValue();
    onTestFinished(() => emitWarning.mockRestore());
  });

  test('comes once in 100 calls at once, by its code, and names nobody', async () => {
    await importOne();

    const calls = Array.from({ length: 100 }, (_, user) =>
      billingos.createSessionToken({ externalUserId: `user_${user}` }),
    );
    await Promise.all(calls);

    expect(emitWarning).toHaveBeenCalledTimes(1);
    const [text, options] = emitWarning.mock.calls[0] as unknown as [string, object];
    expect(text).toMatch(/nobody’s yet: 1\..* pass `email` to createSessionToken .*docs\/migrating-from-stripe\.md/);
    expect(text).not.toMatch(/@|\n|sk_|bos_session|cus_|user_/);
    expect(options).toEqual({ type: 'BillingOSWarning', code: 'BILLINGOS_UNRESOLVED_CUSTOMERS' });
  });

  test('comes once for all instances, and all copies of the SDK, in a process', async () => {
    await importOne();
    vi.resetModules();
    const copy = await import('../../client/node.ts');
    const another = new copy.BillingOS({
      secretKey: merchant.secretKey,
      url: publicUrl,
      fetch: (input, init) => send(harness.app, input, init),
    });

    await billingos.createSessionToken(ada);
    await sdkFor(harness.app, merchant.secretKey).createSessionToken(ada);
    await another.createSessionToken(ada);

    expect(copy.BillingOS).not.toBe(billingos.constructor);
    expect(emitWarning).toHaveBeenCalledTimes(1);
  });

  test('does not come when the address is given, nor when nobody is unresolved', async () => {
    await billingos.createSessionToken(ada);
    await importOne();
    const { unresolvedCustomers } = await billingos.createSessionToken({ ...bob, email: 'bob@x.com' });

    expect(unresolvedCustomers).toBe(1);
    expect(emitWarning).not.toHaveBeenCalled();
  });

  test('comes on the console where there is no process to warn', async () => {
    await importOne();
    const log = vi.spyOn(console, 'warn').mockReturnValue();
    vi.stubGlobal('process', Object.create(process, { emitWarning: { value: undefined } }));
    onTestFinished(() => {
      vi.unstubAllGlobals();
      log.mockRestore();
    });

    await billingos.createSessionToken(ada);
    await billingos.createSessionToken(bob);

    expect(log.mock.calls).toEqual([[expect.stringMatching(/^BILLINGOS_UNRESOLVED_CUSTOMERS: .*`email`/)]]);
  });
});

test('the types come from the schema', () => {
  expectTypeOf<Customer['createdAt']>().toEqualTypeOf<Date>();
  expectTypeOf<UnresolvedCustomer['customer']>().toEqualTypeOf<Customer>();
  expectTypeOf<BindAttempt['createdAt']>().toEqualTypeOf<Date>();
  expectTypeOf<BindingExplanation['unresolved']>().toEqualTypeOf<UnresolvedCustomer | null>();
  expectTypeOf<CustomerPage['customers']>().toEqualTypeOf<readonly Customer[]>();
  expectTypeOf<CreatedSession['bindOutcome']>().toEqualTypeOf<BindOutcome>();
  expectTypeOf<CreatedSession['customer']>().toEqualTypeOf<Customer>();
  expectTypeOf<Awaited<ReturnType<BillingOS['customer']>>>().toEqualTypeOf<Customer | null>();
  // @ts-expect-error exactly one of them
  expectTypeOf<{ id: string; externalUserId: string }>().toExtend<CustomerBy>();
  // @ts-expect-error exactly one of them
  expectTypeOf<{ externalUserId: string; externalOrganizationId: string }>().toExtend<ExternalIdentityInput>();
  // @ts-expect-error a reason is required
  expectTypeOf<{ from: string; into: string }>().toExtend<Parameters<BillingOS['mergeCustomers']>[0]>();
});
