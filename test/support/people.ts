import type { SessionOperation } from '../../schema/operation.ts';
import type { SourceRecord } from '../../server/import/record.ts';
import { apply } from './catalog.ts';
import { type GraphqlAnswer, type Harness, sdkFor, shopOrigin, type TestMerchant } from './harness.ts';
import { ownerOf, sourceOf } from './import.ts';
import { buy, createCheckout, createPortal } from './payment-page.ts';

/** What a request can name, of one customer and of its merchant. */
export interface Things {
  readonly customer: string;
  /** A customer that is nobody’s yet. */
  readonly unbound: string;
  /** A customer that Stripe does not know. */
  readonly native: string;
  readonly externalUser: string | undefined;
  readonly externalOrganization: string | undefined;
  /** One that has a customer. */
  readonly organization: string | undefined;
  readonly stripeCustomer: string;
  readonly email: string;
  readonly session: string;
  readonly token: string;
  readonly key: string;
  readonly import: string;
  readonly invoice: string | undefined;
  readonly feature: string;
  readonly product: string;
  readonly price: string;
  readonly otherPrice: string;
  readonly oncePrice: string;
}

export interface Person {
  readonly things: Things;
  /** What nobody else’s customer may see in any answer. */
  readonly marks: readonly string[];
  /** What it may not see itself: its merchant noted it. */
  readonly notedMarks: readonly string[];
  session(allowedOperations?: readonly SessionOperation[]): Promise<{ token: string; id: string }>;
}

/** A merchant in an environment, with what it sells and two of its customers: a user and an organization. */
export interface Realm {
  readonly merchant: TestMerchant;
  readonly people: readonly [Person, Person];
  /** What nobody of another realm may see. */
  readonly marks: readonly string[];
  /** What only the merchant itself may see. */
  readonly hiddenMarks: readonly string[];
  /** A customer that may be changed and deleted, new each time. */
  spare(): Promise<Things>;
}

interface RealmPlan {
  readonly merchant: TestMerchant;
  /** A word that is in everything that the merchant sells. */
  readonly word: string;
  /** Two customers: a word that is in everything of theirs, and how they pay. */
  readonly customers: readonly [CustomerPlan, CustomerPlan];
}

interface CustomerPlan {
  readonly name: string;
  readonly card: string;
}

/** The same merchant in the other environment, with a key of its own. */
export async function inLive({ rules, app }: Harness, merchant: TestMerchant): Promise<TestMerchant> {
  const { secretKey, record } = await rules.secretKeys.create({ merchantId: merchant.id, environment: 'live' }, 'Live');
  return { ...merchant, environment: 'live', secretKey, keyId: record.id, billingos: sdkFor(app, secretKey) };
}

function expectDone(answer: GraphqlAnswer): AnswerData {
  if (answer.errors.length > 0 || !answer.data) throw new Error(`The seed failed: ${answer.text}`);
  return answer.data;
}

type AnswerData = NonNullable<GraphqlAnswer['data']>;

/** Who seeds, and where. */
interface Ground {
  readonly harness: Harness;
  readonly merchant: TestMerchant;
  readonly word: string;
}

const ask = async ({ harness, merchant }: Ground, credential: string, query: string, variables: object = {}) =>
  expectDone(await harness.graphql(credential, query, variables, { environment: merchant.environment }));

function catalogOf(word: string) {
  const key = (name: string) => `${word}-${name}`;
  const monthly = { currency: 'usd', recurring: { interval: 'MONTH' } };
  const archived = { key: key('archived'), name: `archived-${word}`, features: [], prices: [] };
  return {
    archived,
    features: [
      { key: key('exports'), name: `Exports ${word}`, kind: 'QUOTA', unit: `exports ${word}` },
      { key: key('projects'), name: `Projects ${word}`, kind: 'LIMIT' },
      { key: key('fonts'), name: `Fonts ${word}`, kind: 'BOOLEAN' },
    ],
    products: [
      {
        key: key('free'),
        name: `Free ${word}`,
        default: true,
        features: [{ key: key('exports'), amount: 3 }],
        prices: [],
      },
      {
        key: key('pro'),
        stripeProductId: `prod_${word}`,
        name: `Pro ${word}`,
        description: `For people of ${word}.`,
        features: [{ key: key('exports'), amount: 1_000 }, { key: key('projects'), amount: 10 }, { key: key('fonts') }],
        prices: [
          { ...monthly, key: key('monthly'), stripePriceId: `price_${word}`, unitAmount: 1900 },
          {
            ...monthly,
            key: key('tiers'),
            stripePriceId: `price_tiers_${word}`,
            tiersMode: 'GRADUATED',
            tiers: [{ upTo: 5, unitAmount: '1500' }, { unitAmount: '1200' }],
          },
        ],
      },
      {
        key: key('once'),
        name: `Once ${word}`,
        features: [{ key: key('fonts') }],
        prices: [{ key: key('once'), currency: 'usd', unitAmount: 500 }],
      },
      { key: key('hidden'), name: `hidden-${word}`, visible: false, features: [], prices: [] },
    ],
  };
}

const customerRecord = (name: string): SourceRecord => ({
  kind: 'customer',
  stripeId: `cus_noted-${name}`,
  email: `${name}@mail.example`,
  name: `Name ${name}`,
  metadata: { note: `noted-${name}` },
});

function subscriptionRecord({ harness, word }: Ground, name: string, parts: 1 | 2): SourceRecord {
  const now = harness.clock.now();
  return {
    kind: 'subscription',
    stripeId: `sub_${name}`,
    stripeCustomerId: `cus_noted-${name}`,
    status: 'active',
    items: [`price_${word}`, `price_tiers_${word}`]
      .slice(0, parts)
      .map((stripePriceId) => ({ stripePriceId, quantity: 1 })),
    currentPeriodStart: new Date(now - 86_400_000),
    currentPeriodEnd: new Date(now + 20 * 86_400_000),
    cancelAtPeriodEnd: false,
    canceledAt: null,
    trialEnd: null,
    createdAt: new Date(now - 86_400_000),
  };
}

async function importAll({ harness, merchant }: Ground, records: readonly SourceRecord[]): Promise<string> {
  const { imports } = harness.rules;
  const owner = ownerOf(merchant);
  const source = sourceOf(records);
  const options = { source, sourceName: 'test', mode: 'real', productKeyOf: (id: string) => id } as const;
  const run = await imports.run(owner, await imports.begin(owner, options), options);
  if (run.status !== 'done') throw new Error(run.failure ?? 'the import is not done');
  return run.id;
}

async function importedCustomer(ground: Ground, name: string): Promise<string> {
  const query = 'query ($by: CustomerBy!) { customer(by: $by) { id } }';
  const by = { stripeCustomerId: `cus_noted-${name}` };
  return (await ask(ground, ground.merchant.secretKey, query, { by }))['customer'].id;
}

/** Everything through the front doors: the catalog by `applyCatalog`, customers by an import and their sessions, money on the pages. */
export async function createRealm(harness: Harness, { merchant, word, customers }: RealmPlan): Promise<Realm> {
  const ground: Ground = { harness, merchant, word };
  const { archived, ...catalog } = catalogOf(word);
  expectDone(await apply(harness, merchant, { ...catalog, products: [...catalog.products, archived] }));
  expectDone(await apply(harness, merchant, catalog));

  const waiting = `waiting-${word}`;
  const names = customers.map(({ name }) => name);
  const importId = await importAll(ground, [
    ...[...names, waiting].map(customerRecord),
    subscriptionRecord(ground, waiting, 2),
    // Nobody has it: a problem of the import.
    subscriptionRecord(ground, `orphan-${word}`, 2),
    // Nobody takes payments in live: subscriptions come from Stripe.
    ...(merchant.environment === 'live' ? names.map((name) => subscriptionRecord(ground, name, 1)) : []),
  ]);
  const common: CommonThings = {
    unbound: await importedCustomer(ground, waiting),
    key: merchant.keyId,
    import: importId,
    feature: `${word}-exports`,
    product: `${word}-pro`,
    price: `${word}-monthly`,
    otherPrice: `${word}-tiers`,
    oncePrice: `${word}-once`,
  };
  const [user, organization] = customers;
  let spares = 0;
  return {
    merchant,
    people: [
      await createPerson(ground, common, user, 'user'),
      await createPerson(ground, common, organization, 'organization'),
    ],
    marks: [word, common.unbound, merchant.keyId, merchant.secretKey, importId],
    hiddenMarks: [`hidden-${word}`, `archived-${word}`, waiting, 'spare-', common.unbound, merchant.keyId, importId],
    spare: () => createSpare(ground, common, `spare-${word}-${++spares}`),
  };
}

type CommonThings = Pick<
  Things,
  'unbound' | 'key' | 'import' | 'feature' | 'product' | 'price' | 'otherPrice' | 'oncePrice'
>;

async function createPerson(
  ground: Ground,
  common: CommonThings,
  { name, card }: CustomerPlan,
  kind: 'user' | 'organization',
): Promise<Person> {
  const { billingos, secretKey, environment } = ground.merchant;
  const customer = await importedCustomer(ground, name);
  const identity =
    kind === 'user'
      ? { externalUserId: `user-${name}`, email: `${name}@mail.example` }
      : { externalUserId: `member-${name}`, externalOrganizationId: `organization-${name}` };
  if (kind === 'organization') {
    const query = 'mutation ($id: ID!, $of: ExternalIdentityInput!) { bindCustomer(id: $id, identity: $of) { id } }';
    await ask(ground, secretKey, query, { id: customer, of: { externalOrganizationId: `organization-${name}` } });
  }
  const session = async (allowedOperations?: readonly SessionOperation[]) => {
    const { sessionToken, session: created } = await billingos.createSessionToken({
      ...identity,
      metadata: { note: `noted-${name}` },
      ...(allowedOperations && { allowedOperations: [...allowedOperations] }),
    });
    return { token: sessionToken, id: created.id };
  };
  const { token, id } = await session();
  const track = 'mutation ($input: TrackUsageInput!) { trackUsage(input: $input) { outcome } }';
  await ask(ground, token, track, {
    input: { featureKey: common.feature, amount: 3, idempotencyKey: `use-${name}` },
  });
  const pages = environment === 'test' ? await pay(ground, common, token, card) : [];
  const belongings = await readBelongings(ground, token);
  // The card of the others is the same.
  const ownCard = /(4444|3155)$/.exec(card)?.[1];
  return {
    things: {
      ...common,
      customer,
      native: customer,
      externalUser: kind === 'user' ? `user-${name}` : undefined,
      externalOrganization: kind === 'organization' ? `organization-${name}` : undefined,
      organization: kind === 'organization' ? `organization-${name}` : undefined,
      stripeCustomer: `cus_noted-${name}`,
      email: `${name}@mail.example`,
      session: id,
      token,
      invoice: belongings.find((one) => one.startsWith('inv_')),
    },
    marks: [name, customer, id, token, ...pages, ...belongings, ...(ownCard === undefined ? [] : [`"${ownCard}"`])],
    notedMarks: [`noted-${name}`],
    session,
  };
}

/** A subscription that was changed once, something bought, a checkout that is open, and a portal. @returns the ids of the pages. */
async function pay(ground: Ground, common: CommonThings, token: string, card: string): Promise<string[]> {
  const { harness, word } = ground;
  const paid = [await buy(harness, token, common.price, card), await buy(harness, token, common.oncePrice, card)];
  const change = 'mutation ($input: PlanInput!) { changePlan(input: $input) { id } }';
  harness.clock.advance(1_000);
  await ask(ground, token, change, { input: { price: common.otherPrice, quantity: 2 } });
  const open = expectDone(await createCheckout(harness, token, { price: common.oncePrice }));
  const portal = expectDone(await createPortal(harness, token, `${shopOrigin}/account/${word}`));
  const urls: string[] = [...paid, open['createCheckout'].url, portal['createPortalSession'].url];
  return urls.map((url) => url.slice(url.lastIndexOf('.') + 1));
}

/** The ids and numbers of what it has. */
async function readBelongings(ground: Ground, token: string): Promise<string[]> {
  const query = `{ viewer { subscription { id } invoices { edges { node { id number } } } } }`;
  const { subscription, invoices } = (await ask(ground, token, query))['viewer'];
  return [
    subscription.id,
    ...invoices.edges.flatMap(({ node }: { node: { id: string; number: string } }) => [node.id, node.number]),
  ];
}

/** One customer of each kind that may be changed and deleted: bound, waiting, unknown to Stripe, an organization. */
async function createSpare(ground: Ground, common: CommonThings, name: string): Promise<Things> {
  const { harness, merchant } = ground;
  const names = [name, `${name}-unbound`];
  await importAll(ground, [...names.map(customerRecord), ...names.map((each) => subscriptionRecord(ground, each, 2))]);
  const sessionOf = (externalUserId: string, more: object = {}) =>
    merchant.billingos.createSessionToken({ externalUserId, ...more });
  const { sessionToken, session, customer } = await sessionOf(`user-${name}`, { email: `${name}@mail.example` });
  const native = await sessionOf(`native-${name}`);
  await sessionOf(`member-${name}`, { externalOrganizationId: `organization-${name}` });
  if (merchant.environment === 'test') {
    for (const token of [sessionToken, native.sessionToken]) await buy(harness, token, common.oncePrice);
  }
  const { record } = await harness.rules.secretKeys.create(ownerOf(merchant), name);
  return {
    ...common,
    customer: customer.id,
    native: native.customer.id,
    unbound: await importedCustomer(ground, `${name}-unbound`),
    externalUser: `unused-user-${name}`,
    externalOrganization: `unused-organization-${name}`,
    organization: `organization-${name}`,
    stripeCustomer: `cus_noted-${name}`,
    email: `${name}@mail.example`,
    session: session.id,
    token: sessionToken,
    key: record.id,
    invoice: undefined,
  };
}
