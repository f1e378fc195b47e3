import type { Environment } from '../../schema/environment.ts';
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
  readonly realm: Realm;
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
  /** By the word that is in everything of that customer: how it pays. */
  readonly cards: Readonly<Record<string, string>>;
}

const ask = async (harness: Harness, credential: string, query: string, variables: object, environment: Environment) =>
  expectDone(await harness.graphql(credential, query, variables, { environment }));

function expectDone(answer: GraphqlAnswer): GraphqlAnswer {
  if (answer.errors.length > 0 || !answer.data) throw new Error(`The seed failed: ${answer.text}`);
  return answer;
}

/** The same merchant in the other environment, with a key of its own. */
export async function inLive({ rules, app }: Harness, merchant: TestMerchant): Promise<TestMerchant> {
  const { secretKey, record } = await rules.secretKeys.create({ merchantId: merchant.id, environment: 'live' }, 'Live');
  return { ...merchant, environment: 'live', secretKey, keyId: record.id, billingos: sdkFor(app, secretKey) };
}

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

/** Everything through the front doors: the catalog by `applyCatalog`, customers by an import and their sessions, money on the pages. */
export async function createRealm(harness: Harness, { merchant, word, cards }: RealmPlan): Promise<Realm> {
  const { archived, ...catalog } = catalogOf(word);
  const { environment } = merchant;
  expectDone(await apply(harness, merchant, { ...catalog, products: [...catalog.products, archived] }));
  expectDone(await apply(harness, merchant, catalog));

  const words = Object.keys(cards);
  const now = harness.clock.now();
  const customerRecord = (name: string): SourceRecord => ({
    kind: 'customer',
    stripeId: `cus_noted-${name}`,
    email: `${name}@mail.example`,
    name: `Name ${name}`,
    metadata: { note: `noted-${name}` },
  });
  const subscriptionRecord = (name: string, prices: readonly string[]): SourceRecord => ({
    kind: 'subscription',
    stripeId: `sub_${name}`,
    stripeCustomerId: `cus_noted-${name}`,
    status: 'active',
    items: prices.map((stripePriceId) => ({ stripePriceId, quantity: 1 })),
    currentPeriodStart: new Date(now - 86_400_000),
    currentPeriodEnd: new Date(now + 20 * 86_400_000),
    cancelAtPeriodEnd: false,
    canceledAt: null,
    trialEnd: null,
    createdAt: new Date(now - 86_400_000),
  });
  const customerBy = async (stripeCustomerId: string): Promise<string> => {
    const query = 'query ($by: CustomerBy!) { customer(by: $by) { id } }';
    const { data } = await ask(harness, merchant.secretKey, query, { by: { stripeCustomerId } }, environment);
    return data?.['customer'].id;
  };
  const importAll = async (records: readonly SourceRecord[]): Promise<string> => {
    const owner = ownerOf(merchant);
    const options = { source: sourceOf(records), sourceName: 'test', mode: 'real', productKeyOf: (id: string) => id };
    const given = { ...options, mode: 'real' } as const;
    const run = await harness.rules.imports.run(owner, await harness.rules.imports.begin(owner, given), given);
    if (run.status !== 'done') throw new Error(run.failure ?? 'the import is not done');
    return run.id;
  };
  const waiting = `waiting-${word}`;
  const bothPrices = [`price_${word}`, `price_tiers_${word}`];
  const importId = await importAll([
    ...[...words, waiting].map(customerRecord),
    subscriptionRecord(waiting, bothPrices),
    // Nobody has it: a problem of the import.
    subscriptionRecord(`orphan-${word}`, bothPrices),
    // Nobody takes payments in live: subscriptions come from Stripe.
    ...(environment === 'live' ? words.map((name) => subscriptionRecord(name, bothPrices.slice(0, 1))) : []),
  ]);
  const common = {
    unbound: await customerBy(`cus_noted-${waiting}`),
    key: merchant.keyId,
    import: importId,
    feature: `${word}-exports`,
    product: `${word}-pro`,
    price: `${word}-monthly`,
    otherPrice: `${word}-tiers`,
    oncePrice: `${word}-once`,
  };

  async function createPerson(
    name: string,
    card: string,
    kind: 'user' | 'organization',
  ): Promise<Omit<Person, 'realm'>> {
    const customer = await customerBy(`cus_noted-${name}`);
    const identity =
      kind === 'user'
        ? { externalUserId: `user-${name}`, email: `${name}@mail.example` }
        : { externalUserId: `member-${name}`, externalOrganizationId: `organization-${name}` };
    if (kind === 'organization') {
      const query = 'mutation ($id: ID!, $of: ExternalIdentityInput!) { bindCustomer(id: $id, identity: $of) { id } }';
      const of = { externalOrganizationId: `organization-${name}` };
      await ask(harness, merchant.secretKey, query, { id: customer, of }, environment);
    }
    const session = async (allowedOperations?: readonly SessionOperation[]) => {
      const { sessionToken, session: created } = await merchant.billingos.createSessionToken({
        ...identity,
        metadata: { note: `noted-${name}` },
        ...(allowedOperations && { allowedOperations: [...allowedOperations] }),
      });
      return { token: sessionToken, id: created.id };
    };
    const { token, id } = await session();
    const track = 'mutation ($input: TrackUsageInput!) { trackUsage(input: $input) { outcome } }';
    const use = { featureKey: common.feature, amount: 3, idempotencyKey: `use-${name}` };
    await ask(harness, token, track, { input: use }, environment);
    const pages = environment === 'test' ? await pay(token, card) : [];
    const belongings = await readBelongings(token);
    const uniqueCard = Object.values(cards).length > 0 && /(4444|3155)$/.exec(card)?.[1];
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
      marks: [name, customer, id, token, ...pages, ...belongings, ...(uniqueCard ? [`"${uniqueCard}"`] : [])],
      notedMarks: [`noted-${name}`],
      session,
    };
  }

  /** A subscription that was changed once, something bought, a checkout that is open, and a portal. @returns the ids of the pages. */
  async function pay(token: string, card: string): Promise<string[]> {
    const paid = [await buy(harness, token, common.price, card), await buy(harness, token, common.oncePrice, card)];
    const change = 'mutation ($input: PlanInput!) { changePlan(input: $input) { id } }';
    harness.clock.advance(1_000);
    await ask(harness, token, change, { input: { price: common.otherPrice, quantity: 2 } }, environment);
    const open = expectDone(await createCheckout(harness, token, { price: common.oncePrice }));
    const portal = expectDone(await createPortal(harness, token, `${shopOrigin}/account/${word}`));
    const urls: string[] = [...paid, open.data?.['createCheckout'].url, portal.data?.['createPortalSession'].url];
    return urls.map((url) => url.slice(url.lastIndexOf('.') + 1));
  }

  async function readBelongings(token: string): Promise<string[]> {
    const query = `{ viewer { subscription { id } invoices { edges { node { id number } } } } }`;
    const { data } = await ask(harness, token, query, {}, environment);
    const { subscription, invoices } = data?.['viewer'] ?? {};
    return [
      subscription.id,
      ...invoices.edges.flatMap(({ node }: { node: { id: string; number: string } }) => [node.id, node.number]),
    ];
  }

  let spares = 0;
  const spare = async (): Promise<Things> => {
    const name = `spare-${word}-${++spares}`;
    const unboundName = `${name}-unbound`;
    const names = [name, unboundName];
    await importAll([...names.map(customerRecord), ...names.map((each) => subscriptionRecord(each, bothPrices))]);
    const sessionOf = (externalUserId: string, more: object = {}) =>
      merchant.billingos.createSessionToken({ externalUserId, ...more });
    const { sessionToken, session, customer } = await sessionOf(`user-${name}`, { email: `${name}@mail.example` });
    const native = await sessionOf(`native-${name}`);
    await sessionOf(`member-${name}`, { externalOrganizationId: `organization-${name}` });
    if (environment === 'test') {
      for (const token of [sessionToken, native.sessionToken]) await buy(harness, token, common.oncePrice);
    }
    const { record } = await harness.rules.secretKeys.create(ownerOf(merchant), name);
    return {
      ...common,
      customer: customer.id,
      native: native.customer.id,
      unbound: await customerBy(`cus_noted-${unboundName}`),
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
  };

  const [[one = '', oneCard = ''] = [], [other = '', otherCard = ''] = []] = Object.entries(cards);
  const people = [
    await createPerson(one, oneCard, 'user'),
    await createPerson(other, otherCard, 'organization'),
  ] as const;
  const realm: Realm = {
    merchant,
    get people(): [Person, Person] {
      return [
        { ...people[0], realm },
        { ...people[1], realm },
      ];
    },
    marks: [word, common.unbound, merchant.keyId, merchant.secretKey, importId],
    hiddenMarks: [`hidden-${word}`, `archived-${word}`, waiting, 'spare-', common.unbound, merchant.keyId, importId],
    spare,
  };
  return realm;
}
