import { getNamedType, GraphQLID, type GraphQLInputType, isInputObjectType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { newId } from '../../server/id.ts';
import { createHarness, type GraphqlAnswer, type Harness, sdkFor, type TestMerchant } from '../support/harness.ts';
import { importCustomers, ownerOf } from '../support/import.ts';

type Noun = 'session' | 'customer' | 'key' | 'externalUser' | 'externalOrganization' | 'stripeCustomer' | 'import';

interface Case {
  /** What the id names; `node` takes ids of several nouns. */
  readonly nouns: readonly Noun[];
  readonly query: string;
  readonly variables: (id: string) => object;
  /**
   * `creates`: an id nobody has used yet is a new thing of the caller’s own. `changes`: whose own it is does not answer with it
   * alone, or not twice.
   */
  readonly effect?: 'creates' | 'changes';
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
};

function idPaths(type: GraphQLInputType, path: string, seen: readonly string[] = []): string[] {
  const named = getNamedType(type);
  if (named === GraphQLID) return [path];
  if (!isInputObjectType(named) || seen.includes(named.name)) return [];
  return Object.values(named.getFields()).flatMap((field) =>
    idPaths(field.type, `${path}.${field.name}`, [...seen, named.name]),
  );
}

test('B1 every id that a caller can send has a case here', () => {
  const paths = [schema.getQueryType(), schema.getMutationType()]
    .filter((root) => isObjectType(root))
    .flatMap((root) =>
      Object.values(root.getFields()).flatMap((field) =>
        field.args.flatMap((arg) => idPaths(arg.type, `${root.name}.${field.name}.${arg.name}`)),
      ),
    );
  expect(paths.toSorted()).toEqual(Object.keys(cases).toSorted());
});

/** One of each noun, and the token of the session. */
type Things = Readonly<Record<Noun, string>> & { readonly token: string };

let harness: Harness;
let own: Things;
let others: Readonly<Record<'a sibling customer' | 'another merchant' | 'the other environment', Things>>;

async function thingsOf(merchant: TestMerchant, name: string): Promise<Things> {
  const { billingos, keyId } = merchant;
  const user = await billingos.createSessionToken({ externalUserId: `${name}-user` });
  await billingos.createSessionToken({ externalUserId: 'x', externalOrganizationId: `${name}-organization` });
  await importCustomers(harness, merchant, { [`cus_${name}`]: null });
  return {
    session: user.session.id,
    customer: user.customer.id,
    key: keyId,
    externalUser: `${name}-user`,
    externalOrganization: `${name}-organization`,
    stripeCustomer: `cus_${name}`,
    import: (await harness.rules.imports.begin(ownerOf(merchant), { sourceName: 'stripe', mode: 'real' })).id,
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
    'a sibling customer': await thingsOf(merchant, 'sibling'),
    'another merchant': await thingsOf(rival, 'rival'),
    'the other environment': await thingsOf(inLive, 'live'),
  };
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

const seenOf = ({ status, text }: GraphqlAnswer) => ({ status, text });

/** Nothing of theirs is in it but what the caller sent. */
function expectNothingOf(things: Things, answer: GraphqlAnswer, sent: string): void {
  for (const value of Object.values(things)) {
    if (value !== sent) expect(answer.text).not.toContain(value);
  }
}

const creating = Object.entries(cases).filter(([, { effect }]) => effect === 'creates');
const finding = Object.entries(cases).filter(([, { effect }]) => effect !== 'creates');
const repeatable = finding.filter(([, { effect }]) => effect === undefined);

describe('a merchant', () => {
  describe.each(finding)('%s', (_path, found) => {
    test.each(['another merchant', 'the other environment'] as const)(
      'B1 with an id of %s answers a secret key exactly like with an id of nobody',
      async (whose) => {
        for (const noun of found.nouns) {
          const foreign = await ask(harness.merchant.secretKey, found, others[whose][noun]);
          const unknown = await ask(harness.merchant.secretKey, found, unknownOf[noun]());
          expect(seenOf(foreign)).toEqual(seenOf(unknown));
          expectNothingOf(others[whose], foreign, '');
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
      expect(seenOf(answer)).toEqual(seenOf(ofNobody));
    }
  });

  test('B1 a cursor of another merchant leads to the caller’s own sessions only', async () => {
    const query = 'query ($after: String) { sessions(first: 100, after: $after) { edges { node { id } } } }';
    for (const things of Object.values(others)) {
      const answer = await harness.graphql(harness.merchant.secretKey, query, { after: things.session });
      expect(answer.status).toBe(200);
      expectNothingOf(others['another merchant'], answer, '');
      expectNothingOf(others['the other environment'], answer, '');
    }
  });
});

describe('a session', () => {
  test.each(Object.entries(cases))(
    'B1 %s answers a session about others exactly like about nobody',
    async (_path, asked) => {
      for (const noun of asked.nouns) {
        const unknown = await ask(own.token, asked, unknownOf[noun]());
        expect(['NOT_FOUND', 'FORBIDDEN']).toContain(unknown.code);
        for (const things of Object.values(others)) {
          const foreign = await ask(own.token, asked, things[noun]);
          expect(seenOf(foreign)).toEqual(seenOf(unknown));
        }
        // Garbage may be refused as garbage, never with what is there.
        for (const id of garbage) expect(['NOT_FOUND', 'FORBIDDEN']).toContain((await ask(own.token, asked, id)).code);
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
    for (const noun of found.nouns) {
      const answer = await ask(harness.merchant.secretKey, found, own[noun]);
      expect(answer.status).toBe(200);
      expect(answer.errors).toEqual([]);
      expect(answer.text).toMatch(/"revokedCount":|"id":"/);
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
