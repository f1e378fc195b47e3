import { getNamedType, GraphQLID, type GraphQLInputType, isInputObjectType, isObjectType, Kind, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { callerRuleOf } from '../../schema/operation.ts';
import { newId } from '../../server/id.ts';
import { createHarness, type GraphqlAnswer, type Harness, sdkFor, type TestMerchant } from '../support/harness.ts';
import { apply } from '../support/catalog.ts';
import { importCustomers, ownerOf } from '../support/import.ts';
import { buy, returnUrls } from '../support/payment-page.ts';

type Noun =
  | 'session'
  | 'customer'
  | 'key'
  | 'externalUser'
  | 'externalOrganization'
  | 'stripeCustomer'
  | 'import'
  | 'feature'
  | 'product'
  | 'price'
  | 'stripeProduct'
  | 'stripePrice'
  | 'usage';

/** What belongs to a merchant, not to one of its customers. */
const catalogNouns: readonly Noun[] = ['feature', 'product', 'price', 'stripeProduct', 'stripePrice'];

interface Case {
  /** What the id names; `node` takes ids of several nouns. */
  readonly nouns: readonly Noun[];
  readonly query: string;
  readonly variables: (id: string) => object;
  /**
   * `creates`: an id nobody has used yet is a new thing of the caller’s own. `names`: the same, and the answer shows no thing.
   * `changes`: whose own it is does not answer with it alone, or not twice.
   */
  readonly effect?: 'creates' | 'names' | 'changes';
}

const byId = (id: string) => ({ id });
const revokeBy = 'mutation ($by: RevokeSessionsBy!) { revokeSessions(by: $by) { revokedCount } }';
const listBy = 'query ($filter: SessionFilter) { sessions(filter: $filter) { edges { node { id customer { id } } } } }';
const create =
  'mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } customer { id } } }';

const customerBy = 'query ($by: CustomerBy!) { customer(by: $by) { id email } }';
const createCustomer = 'mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }';
const identify = (mutation: 'bindCustomer' | 'relinkCustomer') =>
  `mutation ($id: ID!, $identity: ExternalIdentityInput!) {
    ${mutation}(id: $id, identity: $identity${mutation === 'relinkCustomer' ? ', reason: "a test"' : ''}) { id } }`;
const merge = 'mutation ($from: ID!, $into: ID!) { mergeCustomers(from: $from, into: $into, reason: "a test") { id } }';
const nobody = () => newId('cus', Date.now());

const planInput = (price: string) => ({ input: { price } });
const preview = 'query ($input: PlanInput!) { previewPlanChange(input: $input) { recurringAmount } }';
const changePlan = 'mutation ($input: PlanInput!) { changePlan(input: $input) { id } }';
const createCheckout = 'mutation ($input: CreateCheckoutInput!) { createCheckout(input: $input) { id } }';
const trackUsage = 'mutation ($input: TrackUsageInput!) { trackUsage(input: $input) { outcome } }';
const recordUsage = 'mutation ($events: [RecordUsageInput!]!) { recordUsage(events: $events) { recordedCount } }';
const recordFor = (customer: object) => ({
  events: [{ customer, featureKey: own.feature, idempotencyKey: `use-${Math.random()}` }],
});
const readAs = (customerField: string) => `{ viewer { ${customerField} } }`;
const applyCatalog =
  'mutation ($input: CatalogInput!) { applyCatalog(input: $input, mode: DRY) { changes { kind noun } } }';
const feature = (key: string) => ({ key, name: 'A feature', kind: 'BOOLEAN' });
const product = (more: object) => ({ key: 'a-product', name: 'A product', features: [], prices: [], ...more });
const price = (more: object) => ({ key: 'a-price', currency: 'usd', unitAmount: 1, ...more });
const catalogOf = (products: object[], features: object[] = []) => ({ input: { features, products } });

/** Every place where a caller can name something, by its path in the schema. */
const cases: Readonly<Record<string, Case>> = {
  'Query.node.id': {
    nouns: ['session', 'customer'],
    query: 'query ($id: ID!) { node(id: $id) { id } }',
    variables: byId,
  },
  'Query.customer.by.id': {
    nouns: ['customer'],
    query: customerBy,
    variables: (id) => ({ by: { id } }),
  },
  'Query.customer.by.externalUserId': {
    nouns: ['externalUser'],
    query: customerBy,
    variables: (externalUserId) => ({ by: { externalUserId } }),
  },
  'Query.customer.by.externalOrganizationId': {
    nouns: ['externalOrganization'],
    query: customerBy,
    variables: (externalOrganizationId) => ({ by: { externalOrganizationId } }),
  },
  'Query.customer.by.stripeCustomerId': {
    nouns: ['stripeCustomer'],
    query: customerBy,
    variables: (stripeCustomerId) => ({ by: { stripeCustomerId } }),
  },
  'Query.explainBinding.customerId': {
    nouns: ['customer'],
    query: 'query ($id: ID!) { explainBinding(customerId: $id) { customer { id } } }',
    variables: byId,
  },
  'Query.import.id': {
    nouns: ['import'],
    query: 'query ($id: ID!) { import(id: $id) { id status } }',
    variables: byId,
  },
  'Query.session.id': {
    nouns: ['session'],
    query: 'query ($id: ID!) { session(id: $id) { id customer { id } } }',
    variables: byId,
  },
  'Query.sessions.filter.customer': {
    nouns: ['customer'],
    query: listBy,
    variables: (customer) => ({ filter: { customer } }),
  },
  'Query.sessions.filter.key': { nouns: ['key'], query: listBy, variables: (key) => ({ filter: { key } }) },
  'Mutation.revokeSession.id': {
    nouns: ['session'],
    query: 'mutation ($id: ID!) { revokeSession(id: $id) { id } }',
    variables: byId,
  },
  'Mutation.revokeSessions.by.customer': {
    nouns: ['customer'],
    query: revokeBy,
    variables: (customer) => ({ by: { customer } }),
  },
  'Mutation.revokeSessions.by.organization': {
    nouns: ['externalOrganization'],
    query: revokeBy,
    variables: (organization) => ({ by: { organization } }),
  },
  'Mutation.revokeSessions.by.key': { nouns: ['key'], query: revokeBy, variables: (key) => ({ by: { key } }) },
  'Mutation.updateCustomer.id': {
    nouns: ['customer'],
    query: 'mutation ($id: ID!) { updateCustomer(id: $id, input: { name: "taken" }) { id } }',
    variables: byId,
  },
  'Mutation.deleteCustomer.id': {
    nouns: ['customer'],
    query: 'mutation ($id: ID!) { deleteCustomer(id: $id) { deletedId } }',
    variables: byId,
    effect: 'changes',
  },
  'Mutation.mergeCustomers.from': {
    nouns: ['customer'],
    query: merge,
    variables: (from) => ({ from, into: own.customer }),
    effect: 'changes',
  },
  'Mutation.mergeCustomers.into': {
    nouns: ['customer'],
    query: merge,
    variables: (into) => ({ from: own.customer, into }),
    effect: 'changes',
  },
  'Mutation.bindCustomer.id': {
    nouns: ['customer'],
    query: identify('bindCustomer'),
    variables: (id) => ({ id, identity: { externalUserId: 'thief' } }),
    effect: 'changes',
  },
  'Mutation.bindCustomer.identity.externalUserId': {
    nouns: ['externalUser'],
    query: identify('bindCustomer'),
    variables: (externalUserId) => ({ id: nobody(), identity: { externalUserId } }),
    effect: 'changes',
  },
  'Mutation.bindCustomer.identity.externalOrganizationId': {
    nouns: ['externalOrganization'],
    query: identify('bindCustomer'),
    variables: (externalOrganizationId) => ({ id: nobody(), identity: { externalOrganizationId } }),
    effect: 'changes',
  },
  'Mutation.relinkCustomer.id': {
    nouns: ['customer'],
    query: identify('relinkCustomer'),
    variables: (id) => ({ id, identity: { externalUserId: 'thief' } }),
    effect: 'changes',
  },
  'Mutation.relinkCustomer.identity.externalUserId': {
    nouns: ['externalUser'],
    query: identify('relinkCustomer'),
    variables: (externalUserId) => ({ id: nobody(), identity: { externalUserId } }),
    effect: 'changes',
  },
  'Mutation.relinkCustomer.identity.externalOrganizationId': {
    nouns: ['externalOrganization'],
    query: identify('relinkCustomer'),
    variables: (externalOrganizationId) => ({ id: nobody(), identity: { externalOrganizationId } }),
    effect: 'changes',
  },
  'Mutation.createCustomer.input.identity.externalUserId': {
    nouns: ['externalUser', 'customer', 'session'],
    query: createCustomer,
    variables: (externalUserId) => ({ input: { identity: { externalUserId } } }),
    effect: 'creates',
  },
  'Mutation.createCustomer.input.identity.externalOrganizationId': {
    nouns: ['externalOrganization', 'customer'],
    query: createCustomer,
    variables: (externalOrganizationId) => ({ input: { identity: { externalOrganizationId } } }),
    effect: 'creates',
  },
  'Mutation.createSession.input.externalUserId': {
    nouns: ['externalUser', 'customer', 'session'],
    query: create,
    variables: (externalUserId) => ({ input: { externalUserId } }),
    effect: 'creates',
  },
  'Mutation.createSession.input.externalOrganizationId': {
    nouns: ['externalOrganization', 'customer'],
    query: create,
    variables: (externalOrganizationId) => ({ input: { externalUserId: 'ada', externalOrganizationId } }),
    effect: 'creates',
  },
  'Query.previewPlanChange.input.price': { nouns: ['price'], query: preview, variables: planInput },
  'Mutation.changePlan.input.price': { nouns: ['price'], query: changePlan, variables: planInput },
  'Mutation.createCheckout.input.price': {
    nouns: ['price'],
    query: createCheckout,
    variables: (key) => ({ input: { price: key, ...returnUrls } }),
    // Whose own it is has a subscription by now.
    effect: 'changes',
  },
  'Customer.feature.key': {
    nouns: ['feature'],
    query: `query ($id: ID!) ${readAs('feature(key: $id) { granted }')}`,
    variables: byId,
  },
  'Customer.usage.featureKey': {
    nouns: ['feature'],
    query: `query ($id: ID!) ${readAs('usage(featureKey: $id) { used }')}`,
    variables: byId,
  },
  'Mutation.trackUsage.input.featureKey': {
    nouns: ['feature'],
    query: trackUsage,
    variables: (featureKey) => ({ input: { featureKey, idempotencyKey: `use-${Math.random()}` } }),
  },
  'Mutation.trackUsage.input.idempotencyKey': {
    nouns: ['usage'],
    query: trackUsage,
    variables: (idempotencyKey) => ({ input: { featureKey: own.feature, idempotencyKey } }),
    effect: 'names',
  },
  'Mutation.recordUsage.events.customer.id': {
    nouns: ['customer'],
    query: recordUsage,
    variables: (id) => recordFor({ id }),
  },
  'Mutation.recordUsage.events.customer.externalUserId': {
    nouns: ['externalUser'],
    query: recordUsage,
    variables: (externalUserId) => recordFor({ externalUserId }),
  },
  'Mutation.recordUsage.events.customer.externalOrganizationId': {
    nouns: ['externalOrganization'],
    query: recordUsage,
    variables: (externalOrganizationId) => recordFor({ externalOrganizationId }),
  },
  'Mutation.recordUsage.events.customer.stripeCustomerId': {
    nouns: ['stripeCustomer'],
    query: recordUsage,
    variables: (stripeCustomerId) => recordFor({ stripeCustomerId }),
  },
  'Mutation.recordUsage.events.featureKey': {
    nouns: ['feature'],
    query: recordUsage,
    variables: (featureKey) => ({
      events: [{ customer: { id: own.customer }, featureKey, idempotencyKey: `use-${Math.random()}` }],
    }),
  },
  'Mutation.recordUsage.events.idempotencyKey': {
    nouns: ['usage'],
    query: recordUsage,
    variables: (idempotencyKey) => ({
      events: [
        {
          customer: { externalOrganizationId: own.externalOrganization },
          featureKey: own.feature,
          idempotencyKey,
        },
      ],
    }),
    effect: 'names',
  },
  'Mutation.applyCatalog.input.features.key': {
    nouns: ['feature'],
    query: applyCatalog,
    variables: (key) => catalogOf([], [feature(key)]),
    effect: 'names',
  },
  'Mutation.applyCatalog.input.products.key': {
    nouns: ['product'],
    query: applyCatalog,
    variables: (key) => catalogOf([product({ key })]),
    effect: 'names',
  },
  'Mutation.applyCatalog.input.products.stripeProductId': {
    nouns: ['stripeProduct'],
    query: applyCatalog,
    variables: (stripeProductId) => catalogOf([product({ stripeProductId })]),
    effect: 'names',
  },
  'Mutation.applyCatalog.input.products.features.key': {
    nouns: ['feature'],
    query: applyCatalog,
    variables: (key) => catalogOf([product({ features: [{ key }] })]),
    effect: 'changes',
  },
  'Mutation.applyCatalog.input.products.prices.key': {
    nouns: ['price'],
    query: applyCatalog,
    variables: (key) => catalogOf([product({ prices: [price({ key })] })]),
    effect: 'names',
  },
  'Mutation.applyCatalog.input.products.prices.stripePriceId': {
    nouns: ['stripePrice'],
    query: applyCatalog,
    variables: (stripePriceId) => catalogOf([product({ prices: [price({ stripePriceId })] })]),
    effect: 'names',
  },
};

function idPaths(type: GraphQLInputType, path: string, seen: readonly string[] = []): string[] {
  const named = getNamedType(type);
  if (named === GraphQLID) return [path];
  if (!isInputObjectType(named) || seen.includes(named.name)) return [];
  return Object.values(named.getFields()).flatMap((field) =>
    idPaths(field.type, `${path}.${field.name}`, [...seen, named.name]),
  );
}

const argumentsOfAll = Object.values(schema.getTypeMap())
  .filter((type) => isObjectType(type))
  .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
  .flatMap(({ type, field }) =>
    field.args.map((argument) => ({ path: `${type.name}.${field.name}.${argument.name}`, argument })),
  );

test('B1 every id that a caller can send has a case here', () => {
  const paths = argumentsOfAll.flatMap(({ path, argument }) => idPaths(argument.type, path));
  expect(paths.toSorted()).toEqual(Object.keys(cases).toSorted());
});

/** Who may ask, by the rule of the field at the top. */
function callersOf({ query }: Case) {
  const [operation] = parse(query).definitions;
  const [root] = operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet.selections : [];
  const fields = { ...schema.getQueryType()?.getFields(), ...schema.getMutationType()?.getFields() };
  const field = root?.kind === Kind.FIELD ? fields[root.name.value] : undefined;
  if (!field) throw new TypeError(`No field is asked for: ${query}`);
  return callerRuleOf(field) ?? {};
}

/** One of each noun, and the token of the session. */
type Things = Readonly<Record<Noun, string>> & { readonly token: string };

let harness: Harness;
let own: Things;
let invoices: { readonly foreign: string };
let others: Readonly<Record<'a sibling customer' | 'another merchant' | 'the other environment', Things>>;

/** Each merchant’s own words for what it sells. */
const catalogNamed = (name: string) => ({
  features: [{ key: `${name}-exports`, name: 'Exports', kind: 'QUOTA', unit: 'exports' }],
  products: [
    {
      key: `${name}-pro`,
      stripeProductId: `prod_${name}`,
      name: 'Pro',
      features: [{ key: `${name}-exports`, amount: 1_000 }],
      prices: [
        {
          key: `${name}-monthly`,
          stripePriceId: `price_${name}`,
          currency: 'usd',
          unitAmount: 1900,
          recurring: { interval: 'MONTH' },
        },
      ],
    },
  ],
});

async function thingsOf(merchant: TestMerchant, name: string, catalog: string = name): Promise<Things> {
  const { billingos, keyId } = merchant;
  const user = await billingos.createSessionToken({ externalUserId: `${name}-user` });
  await billingos.createSessionToken({ externalUserId: 'x', externalOrganizationId: `${name}-organization` });
  await importCustomers(harness, merchant, { [`cus_${name}`]: null });
  await apply(harness, merchant, catalogNamed(catalog));
  const usage = `use-of-${name}`;
  await harness.graphql(
    user.sessionToken,
    trackUsage,
    { input: { featureKey: `${catalog}-exports`, idempotencyKey: usage } },
    { environment: merchant.environment },
  );
  return {
    session: user.session.id,
    customer: user.customer.id,
    key: keyId,
    externalUser: `${name}-user`,
    externalOrganization: `${name}-organization`,
    stripeCustomer: `cus_${name}`,
    import: (await harness.rules.imports.begin(ownerOf(merchant), { sourceName: 'stripe', mode: 'real' })).id,
    feature: `${catalog}-exports`,
    product: `${catalog}-pro`,
    price: `${catalog}-monthly`,
    stripeProduct: `prod_${catalog}`,
    stripePrice: `price_${catalog}`,
    usage,
    token: user.sessionToken,
  };
}

beforeAll(async () => {
  harness = await createHarness();
  const { merchant, rival, rules } = harness;
  const live = await rules.secretKeys.create({ merchantId: merchant.id, environment: 'live' }, 'Live');
  const inLive: TestMerchant = {
    ...merchant,
    environment: 'live',
    secretKey: live.secretKey,
    keyId: live.record.id,
    billingos: sdkFor(harness.app, live.secretKey),
  };
  own = await thingsOf(merchant, 'own');
  others = {
    'a sibling customer': await thingsOf(merchant, 'sibling', 'own'),
    'another merchant': await thingsOf(rival, 'rival'),
    'the other environment': await thingsOf(inLive, 'live'),
  };
  await buy(harness, own.token, own.price);
  const { token, price: key } = others['another merchant'];
  await buy(harness, token, key);
  const { data } = await harness.graphql(token, '{ viewer { invoices { edges { node { id } } } } }');
  invoices = { foreign: data?.['viewer'].invoices.edges[0].node.id };
});
afterAll(() => harness.stop());

/** Ids that name nothing, of the same form. */
const unknownOf: Readonly<Record<Noun, () => string>> = {
  session: () => newId('ses', Date.now()),
  customer: () => newId('cus', Date.now()),
  key: () => newId('key', Date.now()),
  externalUser: () => `nobody-${Math.random()}`,
  externalOrganization: () => `nobody-${Math.random()}`,
  stripeCustomer: () => `cus_${Math.random()}`,
  import: () => newId('imp', Date.now()),
  feature: () => `feature-${Math.random()}`,
  product: () => `product-${Math.random()}`,
  price: () => `price-${Math.random()}`,
  stripeProduct: () => `prod_${Math.random()}`,
  stripePrice: () => `price_${Math.random()}`,
  usage: () => `use-${Math.random()}`,
};

const garbage = [
  '\0',
  'ses_\0',
  'cus_01h455vb4pex5vsknk084sn02q\0',
  '',
  ' ',
  '*',
  '%',
  "' or 1=1 --",
  '__proto__',
  'ses_',
  'cus_zzzzzzzzzzzzzzzzzzzzzzzzzz',
  'mer_01h455vb4pex5vsknk084sn02q',
  '\ud800',
  'x'.repeat(10_000),
  '../customers',
  '01h455vb4pex5vsknk084sn02q',
];

const ask = (credential: string, { query, variables }: Case, id: string) =>
  harness.graphql(credential, query, variables(id));

/** An answer may repeat what was sent. */
const seenOf = ({ status, text }: GraphqlAnswer, sent: string) => ({ status, text: text.replaceAll(sent, '…') });

/** Nothing of theirs is in it but what the caller sent. */
function expectNothingOf(things: Things, answer: GraphqlAnswer, sent: string): void {
  for (const value of Object.values(things)) {
    if (value !== sent) expect(answer.text).not.toContain(value);
  }
}

const isNew = ({ effect }: Case) => effect === 'creates' || effect === 'names';
const ofMerchants = Object.entries(cases).filter(([, one]) => callersOf(one).merchant);
const ofSessions = Object.entries(cases).filter(([, one]) => callersOf(one).customer !== undefined);
const creating = ofMerchants.filter(([, { effect }]) => effect === 'creates');
const naming = Object.entries(cases).filter(([, { effect }]) => effect === 'names');
const finding = ofMerchants.filter(([, one]) => !isNew(one));
const repeatable = Object.entries(cases).filter(([, { effect }]) => effect === undefined);

describe('a merchant', () => {
  describe.each(finding)('%s', (_path, found) => {
    test.each(['another merchant', 'the other environment'] as const)(
      'B1 with an id of %s answers a secret key exactly like with an id of nobody',
      async (whose) => {
        for (const noun of found.nouns) {
          const [theirs, nothing] = [others[whose][noun], unknownOf[noun]()];
          const foreign = await ask(harness.merchant.secretKey, found, theirs);
          const unknown = await ask(harness.merchant.secretKey, found, nothing);
          expect(seenOf(foreign, theirs)).toEqual(seenOf(unknown, nothing));
          expectNothingOf(others[whose], foreign, theirs);
        }
      },
    );

    test('B1 with garbage for an id finds nothing, and is no failure of ours', async () => {
      for (const id of garbage) {
        const answer = await ask(harness.merchant.secretKey, found, id);
        expect([undefined, 'NOT_FOUND', 'INVALID_INPUT'], id).toContain(answer.code);
        expect(answer.text).not.toContain(own.session);
        expect(answer.text).not.toContain(own.customer);
      }
    });
  });

  test.each(creating)('B1 %s names something of the caller’s own, whatever others call theirs', async (_path, made) => {
    for (const things of Object.values(others)) {
      for (const noun of made.nouns) {
        const { data } = await ask(harness.rival.secretKey, made, things[noun]);
        const isTheirs = things === others['another merchant'] && noun.startsWith('external');
        const foreign = Object.values(others).flatMap(({ customer, session }) => [customer, session]);
        const [created] = Object.values(data ?? {});
        const { customer = created, session } = created;
        if (!isTheirs) expect(foreign).not.toContain(customer.id);
        expect(foreign).not.toContain(session?.id);
      }
    }
    for (const id of garbage) {
      expect([undefined, 'INVALID_INPUT'], id).toContain((await ask(harness.rival.secretKey, made, id)).code);
    }
  });

  test('B1 a token of another merchant or environment is not active, and nothing more is said', async () => {
    const query = 'query ($token: String!) { introspectSession(token: $token) { active session { id } } }';
    const ofNobody = await harness.graphql(harness.merchant.secretKey, query, { token: 'x' });
    expect(ofNobody.data).toEqual({ introspectSession: { active: false, session: null } });
    for (const whose of ['another merchant', 'the other environment'] as const) {
      const answer = await harness.graphql(harness.merchant.secretKey, query, { token: others[whose].token });
      expect(seenOf(answer, 'x')).toEqual(seenOf(ofNobody, 'x'));
    }
  });

  /** By the path of the cursor: a list, and whether a cursor of nothing of its kind is refused. */
  const lists: Readonly<Record<string, string>> = {
    'Query.sessions.after': 'sessions(first: 100, after: $after) { edges { node { id } } }',
    'Query.customers.after': 'customers(first: 100, after: $after) { edges { node { id } } }',
    'Query.unresolvedCustomers.after':
      'unresolvedCustomers(first: 100, after: $after) { edges { node { customer { id } } } }',
    'Customer.invoices.after':
      'customer(by: { externalUserId: "own-user" }) { invoices(after: $after) { edges { node { id } } } }',
  };

  test('B1 every cursor that a caller can send has a list here', () => {
    const paths = argumentsOfAll.filter(({ argument }) => argument.name === 'after').map(({ path }) => path);
    expect(paths.toSorted()).toEqual(Object.keys(lists).toSorted());
  });

  test.each(Object.entries(lists))(
    'B1 %s of somebody else leads to what is the caller’s own only, and garbage nowhere',
    async (_path, list) => {
      const query = `query ($after: String) { ${list} }`;
      for (const things of Object.values(others)) {
        for (const after of [things.session, things.customer, invoices.foreign]) {
          const answer = await harness.graphql(harness.merchant.secretKey, query, { after });
          expect([undefined, 'INVALID_INPUT']).toContain(answer.code);
          expectNothingOf(others['another merchant'], answer, '');
          expectNothingOf(others['the other environment'], answer, '');
          expect(answer.text).not.toContain(invoices.foreign);
        }
      }
      for (const after of garbage) {
        const answer = await harness.graphql(harness.merchant.secretKey, query, { after });
        expect(answer.code, after).toBe('INVALID_INPUT');
      }
    },
  );
});

describe.each(naming)('%s', (_path, named) => {
  test('B1 knows nothing of what others call the same', async () => {
    const credential = callersOf(named).merchant ? harness.merchant.secretKey : own.token;
    for (const noun of named.nouns) {
      const nothing = unknownOf[noun]();
      const unknown = await ask(credential, named, nothing);
      expect(unknown).toMatchObject({ status: 200, errors: [] });
      for (const things of othersIn(noun)) {
        const foreign = await ask(credential, named, things[noun]);
        expect(seenOf(foreign, things[noun])).toEqual(seenOf(unknown, nothing));
      }
      for (const id of garbage) expect([undefined, 'INVALID_INPUT']).toContain((await ask(credential, named, id)).code);
    }
  });
});

/** A sibling has the catalog of its merchant. */
const othersIn = (noun: Noun) =>
  Object.entries(others).flatMap(([whose, things]) =>
    whose === 'a sibling customer' && catalogNouns.includes(noun) ? [] : [things],
  );

describe('a session', () => {
  const isForbidden = ([, one]: (typeof ofSessions)[number]) => callersOf(one).customer === undefined;

  test.each(Object.entries(cases).filter(isForbidden))(
    'B1 %s is refused to a session, whatever it names',
    async (_path, asked) => {
      for (const noun of asked.nouns) {
        const ids = [unknownOf[noun](), ...Object.values(others).map((things) => things[noun]), ...garbage];
        for (const id of ids) expect((await ask(own.token, asked, id)).code).toBe('FORBIDDEN');
      }
    },
  );

  test.each(ofSessions.filter(([, one]) => !isNew(one)))(
    'B1 %s answers a session about others exactly like about nobody',
    async (_path, asked) => {
      for (const noun of asked.nouns) {
        const nothing = unknownOf[noun]();
        const unknown = await ask(own.token, asked, nothing);
        expect(['NOT_FOUND', 'INVALID_INPUT']).toContain(unknown.code);
        for (const things of othersIn(noun)) {
          const foreign = await ask(own.token, asked, things[noun]);
          expect(seenOf(foreign, things[noun])).toEqual(seenOf(unknown, nothing));
        }
        // Garbage may be refused as garbage, never with what is there.
        for (const id of garbage) {
          expect(['NOT_FOUND', 'INVALID_INPUT'], id).toContain((await ask(own.token, asked, id)).code);
        }
      }
    },
  );

  test('B1 asking for others together with oneself shows oneself only', async () => {
    const aliases = Object.values(others).flatMap(({ session, customer }) => [session, customer]);
    const query = `{ own: node(id: "${own.customer}") { id } ${aliases.map((id, index) => `other${index}: node(id: "${id}") { id }`).join(' ')} }`;
    const { data, text } = await harness.graphql(own.token, query);
    expect(data?.['own']).toEqual({ id: own.customer });
    for (const id of aliases) expect(text).not.toContain(id);
  });
});

describe('afterwards', () => {
  test('B1 the sessions of others still count: no attempt has ended one', async () => {
    for (const [whose, things] of Object.entries(others)) {
      const environment = whose === 'the other environment' ? 'live' : 'test';
      const answer = await harness.graphql(things.token, '{ viewer { id } }', undefined, { environment });
      expect(answer.data, whose).toEqual({ viewer: { id: things.customer } });
    }
  });

  // Last: it ends the caller's own.
  test.each(repeatable)('B1 %s finds what is the caller’s own', async (_path, found) => {
    const { billingos, secretKey } = harness.merchant;
    const credential = callersOf(found).merchant
      ? secretKey
      : (await billingos.createSessionToken({ externalUserId: own.externalUser })).sessionToken;
    for (const noun of found.nouns) {
      const answer = await ask(credential, found, own[noun]);
      expect(answer.status).toBe(200);
      expect(answer.errors).toEqual([]);
      expect(answer.text).toMatch(
        /"(revoked|recorded)Count":|"id":"|"outcome":"RECORDED"|"granted":true|"used":|"recurringAmount":1900/,
      );
    }
  });

  test('B1 ending an organization’s sessions spares the one that another merchant calls the same', async () => {
    const organization = { externalUserId: 'ada', externalOrganizationId: 'shared-name' };
    const mine = await harness.merchant.billingos.createSessionToken(organization);
    const theirs = await harness.rival.billingos.createSessionToken(organization);
    await harness.graphql(harness.merchant.secretKey, revokeBy, { by: { organization: 'shared-name' } });
    expect((await harness.graphql(mine.sessionToken, '{ viewer { id } }')).code).toBe('TOKEN_REVOKED');
    expect((await harness.graphql(theirs.sessionToken, '{ viewer { id } }')).status).toBe(200);
  });
});
