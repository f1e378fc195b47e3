import { isObjectType } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { type CallerRule, callerRuleOf, type SessionOperation, sessionOperations } from '../../schema/operation.ts';
import {
  callsOf,
  coordinatesWithout,
  describedRuleOf,
  documentOf,
  isNullable,
  leavesOf,
  namingArgumentsOf,
  type RootCall,
  rootFields,
  type Selected,
  selectionOf,
  type Values,
} from '../support/access-matrix.ts';
import { createHarness, type GraphqlAnswer, type Harness } from '../support/harness.ts';
import { createRealm, inLive, type Person, type Realm, type Things } from '../support/people.ts';
import { returnUrls } from '../support/payment-page.ts';

/** What can be sent, by the coordinate of the argument or input field. A new one that names something must be added here. */
const values: Values = {
  'Query.node.id': ({ customer, session }, typeName) => [typeName === 'Session' ? session : customer],
  'Query.explainBinding.customerId': ({ customer, unbound }) => [customer, unbound],
  'Query.import.id': (things) => [things.import],
  'Query.session.id': ({ session }) => [session],
  'Query.introspectSession.token': ({ token }) => [token],
  'Query.sessions.after': ({ session }) => [session],
  'Query.customers.after': ({ customer }) => [customer],
  'Query.unresolvedCustomers.after': ({ customer }) => [customer],
  'SessionFilter.customer': ({ customer }) => [customer],
  'SessionFilter.key': ({ key }) => [key],
  'CustomerFilter.email': ({ email }) => [email],
  'CustomerBy.id': ({ customer }) => [customer],
  'CustomerBy.externalUserId': ({ externalUser }) => [externalUser],
  'CustomerBy.externalOrganizationId': ({ externalOrganization }) => [externalOrganization],
  'CustomerBy.stripeCustomerId': ({ stripeCustomer }) => [stripeCustomer],
  'ExternalIdentityInput.externalUserId': ({ externalUser }) => [externalUser],
  'ExternalIdentityInput.externalOrganizationId': ({ externalOrganization }) => [externalOrganization],
  'RevokeSessionsBy.customer': ({ customer }) => [customer],
  'RevokeSessionsBy.organization': ({ organization }) => [organization],
  'RevokeSessionsBy.key': ({ key }) => [key],
  'Mutation.revokeSession.id': ({ session }) => [session],
  'Mutation.updateCustomer.id': ({ customer }) => [customer],
  'Mutation.deleteCustomer.id': ({ customer }) => [customer],
  'Mutation.bindCustomer.id': ({ unbound }) => [unbound],
  'Mutation.relinkCustomer.id': ({ customer }) => [customer],
  'Mutation.relinkCustomer.reason': () => ['a test'],
  'Mutation.mergeCustomers.from': ({ unbound }) => [unbound],
  'Mutation.mergeCustomers.into': ({ native }) => [native],
  'Mutation.mergeCustomers.reason': () => ['a test'],
  'CreateSessionInput.externalUserId': ({ externalUser, externalOrganization }) => [
    externalUser ?? externalOrganization,
  ],
  'CreateSessionInput.externalOrganizationId': ({ externalOrganization }) => [externalOrganization],
  'PlanInput.price': ({ price, otherPrice }) => [price, otherPrice],
  'CreateCheckoutInput.price': ({ oncePrice }) => [oncePrice],
  'CreateCheckoutInput.successUrl': () => [returnUrls.successUrl],
  'CreateCheckoutInput.cancelUrl': () => [returnUrls.cancelUrl],
  'Mutation.createPortalSession.returnUrl': () => [returnUrls.cancelUrl],
  'TrackUsageInput.featureKey': ({ feature }) => [feature],
  'TrackUsageInput.idempotencyKey': () => [newKey()],
  'RecordUsageInput.featureKey': ({ feature }) => [feature],
  'RecordUsageInput.idempotencyKey': () => [newKey()],
  'Mutation.applyCatalog.mode!': () => ['DRY'],
  'Mutation.applyCatalog.input': ({ feature, product, price }) => [
    {
      features: [{ key: feature, name: 'Mine', kind: 'QUOTA' }],
      products: [
        {
          key: product,
          name: 'Mine',
          features: [{ key: feature }],
          prices: [{ key: `new-${price}`, currency: 'usd', unitAmount: 1 }],
        },
      ],
    },
  ],
  'Customer.feature.key': ({ feature }) => [feature],
  'Customer.usage.featureKey': ({ feature }) => [feature],
  'Customer.invoices.after': ({ invoice }) => [invoice],
};

let uses = 0;
const newKey = () => `matrix-${++uses}`;

/** What is answered about what is not the caller’s, where that is neither NOT_FOUND nor the `null` of a field that may be `null`. */
const aboutOthers: Readonly<Record<string, string>> = {
  node: 'NOT_FOUND',
  sessions: 'data',
  customers: 'data',
  unresolvedCustomers: 'data',
  introspectSession: 'data',
  deleteCustomer: 'data',
  trackUsage: 'INVALID_INPUT',
  // These make something of the caller’s own, whatever others call theirs.
  createCustomer: 'data',
  createSession: 'data',
  applyCatalog: 'data',
};

/** No account at Stripe is connected. */
const inTest: Readonly<Record<string, string>> = { startImport: 'CONFLICT' };

const inLiveOnly: Readonly<Record<string, string>> = {
  ...inTest,
  advanceTestClock: 'FORBIDDEN',
  createCheckout: 'PAYMENTS_NOT_CONFIGURED',
  createPortalSession: 'PAYMENTS_NOT_CONFIGURED',
  previewPlanChange: 'PAYMENTS_NOT_CONFIGURED',
  changePlan: 'PAYMENTS_NOT_CONFIGURED',
  cancelSubscription: 'PAYMENTS_NOT_CONFIGURED',
};

/** What a call of these changes cannot be asked for twice. */
const usedUp = ['bindCustomer', 'createCustomer', 'deleteCustomer', 'mergeCustomers', 'relinkCustomer'];
const needsSpare = [...usedUp, 'revokeSession', 'revokeSessions', 'updateCustomer'];

interface Caller {
  readonly name: string;
  readonly kind: 'merchant' | 'customer' | 'nobody';
  readonly realm: Realm;
  readonly person: Person;
  /** What it sends as its own: of a session, also itself. */
  readonly things: Things;
  readonly operations: readonly SessionOperation[];
  readonly credential: string | null;
}

type Whose = 'own' | 'a sibling’s' | 'another merchant’s' | 'the other environment’s';

let harness: Harness;
let realms: { own: Realm; rival: Realm; live: Realm };
let callers: Caller[];

const wrong: string[] = [];
const leaks: string[] = [];
const seenPaths = new Set<string>();
const askedPaths = new Set<string>();
const shownMarks = new Set<string>();
const changes: string[] = [];
let cells = 0;
let requests = 0;

beforeAll(async () => {
  harness = await createHarness();
  const live = await inLive(harness, harness.merchant);
  const cardOf = { good: '4242424242424242', master: '5555555555554444', asking: '4000002500003155' };
  realms = {
    own: await createRealm(harness, {
      merchant: harness.merchant,
      word: 'realmalpha',
      customers: [
        { name: 'qamber', card: cardOf.good },
        { name: 'qbirch', card: cardOf.master },
      ],
    }),
    rival: await createRealm(harness, {
      merchant: harness.rival,
      word: 'realmbravo',
      customers: [
        { name: 'qcedar', card: cardOf.asking },
        { name: 'qdahlia', card: cardOf.good },
      ],
    }),
    live: await createRealm(harness, {
      merchant: live,
      word: 'realmcharlie',
      customers: [
        { name: 'qelm', card: '' },
        { name: 'qfern', card: '' },
      ],
    }),
  };
  callers = await createCallers();
  await tryAll();
  process.stdout.write(
    `B11 access matrix: ${cells} cells in ${requests} requests of ${callers.length} callers, ${wrong.length + leaks.length + changes.length} wrong\n`,
  );
}, 600_000);
afterAll(() => harness.stop());

async function createCallers(): Promise<Caller[]> {
  const { own, rival, live } = realms;
  const session = async (
    name: string,
    realm: Realm,
    person: Person,
    operations: readonly SessionOperation[] = sessionOperations,
  ): Promise<Caller> => {
    const { token, id } = await person.session(operations);
    const things = { ...person.things, session: id, token };
    return { name, kind: 'customer', realm, person, things, operations, credential: token };
  };
  const key = (name: string, realm: Realm): Caller => ({
    name,
    kind: 'merchant',
    realm,
    person: realm.people[0],
    things: realm.people[0].things,
    operations: [],
    credential: realm.merchant.secretKey,
  });
  const without = sessionOperations.map((left) =>
    session(
      `a session without ${left}`,
      own,
      own.people[0],
      sessionOperations.filter((one) => one !== left),
    ),
  );
  return [
    await session('a session', own, own.people[0]),
    await session('a session of a sibling', own, own.people[1]),
    await session('a session of another merchant', rival, rival.people[0]),
    await session('a session in the other environment', live, live.people[0]),
    ...(await Promise.all(without)),
    key('a secret key', own),
    key('a secret key of another merchant', rival),
    key('a secret key of the other environment', live),
    { ...key('nobody', own), kind: 'nobody', credential: null },
  ];
}

/** Whose things a caller sends. */
function thingsOf({ realm, person, things: ownThings }: Caller): Readonly<Record<Whose, Things>> {
  const { own, rival, live } = realms;
  const sibling = realm.people.find(({ things }) => things.customer !== person.things.customer) ?? person;
  return {
    own: ownThings,
    'a sibling’s': sibling.things,
    'another merchant’s': (realm === rival ? own : rival).people[0].things,
    'the other environment’s': (realm === live ? own : live).people[0].things,
  };
}

/** Whose an id is makes no difference where nothing is allowed, and was asked of a session that lacks nothing. */
const hasEverything = ({ kind, operations }: Caller) =>
  kind === 'merchant' || operations.length === sessionOperations.length;

const environmentOf = ({ realm }: Caller) => realm.merchant.environment;

const isWithinReach = ({ kind }: Caller, whose: Whose) =>
  whose === 'own' || (whose === 'a sibling’s' && kind === 'merchant');

/** By what the description says alone. */
function mayHave({ kind, operations }: Caller, rule: CallerRule | undefined): boolean {
  if (rule === undefined) return true;
  if (kind === 'merchant') return rule.merchant === true;
  if (kind === 'nobody' || rule.customer === undefined) return false;
  return rule.customer === 'ANY_OPERATION' || operations.includes(rule.customer);
}

/** The end of what is said to who may not. */
function needOf({ kind }: Caller, rule: CallerRule | undefined): string {
  if (kind === 'merchant') return 'needs a session token: it answers about the customer of that token.';
  if (rule?.customer === undefined) return 'needs a secret key.';
  return `needs the operation ${rule.customer}, which this session was not given.`;
}

/** What a call is answered with that the rule of its field allows. */
function outcomeOf(caller: Caller, call: RootCall, whose: Whose, isAboutOthers: boolean): string {
  const { name } = call.field;
  const own = environmentOf(caller) === 'live' ? inLiveOnly : inTest;
  if (isAboutOthers && !isWithinReach(caller, whose) && name !== 'createCheckout') {
    return aboutOthers[name] ?? (isNullable(call.field) ? 'null' : 'NOT_FOUND');
  }
  if (isAboutOthers && name === 'createCheckout') return own[name] ?? 'NOT_FOUND';
  return own[name] ?? 'data';
}

interface Cell {
  readonly caller: Caller;
  readonly whose: Whose;
  readonly call: RootCall;
}

/** Chosen as seldom as possible: everything that can be asked at once is asked at once. */
async function tryAll(): Promise<void> {
  const plan = callers.flatMap((caller) =>
    Object.entries(thingsOf(caller))
      .filter(([whose]) => whose === 'own' || hasEverything(caller))
      .flatMap(([whose, things]) => rootFields.map((root) => ({ caller, whose: whose as Whose, things, root }))),
  );
  const writes = ({ caller, whose, root }: (typeof plan)[number]) =>
    root.operation === 'mutation' &&
    mayHave(caller, describedRuleOf(root.field)) &&
    (isWithinReach(caller, whose) || aboutOthers[root.field.name] === 'data');
  const nothingOf = () => false;

  const before = await snapshot(nothingOf);
  const harmless = plan.filter((one) => !writes(one));
  for (let at = 0; at < harmless.length; at += 8) {
    await Promise.all(harmless.slice(at, at + 8).map((one) => tryRoot(one)));
  }
  if ((await snapshot(nothingOf)) !== before) changes.push('something, by a call that was refused or only reads');

  for (const caller of callers) {
    const isOfCaller = (row: Record<string, unknown>) => isOwnRow(caller, row);
    const ofOthers = await snapshot(isOfCaller);
    for (const one of plan.filter((each) => each.caller === caller && writes(each))) await tryRoot(one);
    if ((await snapshot(isOfCaller)) !== ofOthers) changes.push(`what is not its own, by ${caller.name}`);
  }
}

function isOwnRow({ kind, realm, person }: Caller, row: Record<string, unknown>): boolean {
  const { id, environment } = realm.merchant;
  if (row['merchant_id'] !== id || row['environment'] !== environment) return false;
  return kind !== 'customer' || [row['customer_id'], row['subject']].includes(person.things.customer) || isOwnEnd(row);
}

/** That a session has ended is written down by its own id. */
const isOwnEnd = (row: Record<string, unknown>) => row['kind'] === 'session';

/** Every row that is not the caller’s, but for when sessions were last used. */
async function snapshot(isLeftOut: (row: Record<string, unknown>) => boolean): Promise<string> {
  const { db } = harness.database;
  const tables = await db.execute<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  const lines: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await db.execute<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) - 'last_used_at' as row from ${name} t`,
    );
    lines.push(...rows.filter(({ row }) => !isLeftOut(row)).map(({ row }) => `${name} ${JSON.stringify(row)}`));
  }
  return lines.toSorted().join('\n');
}

interface Planned {
  readonly caller: Caller;
  readonly whose: Whose;
  readonly things: Things;
  readonly root: (typeof rootFields)[number];
}

async function tryRoot({ caller, whose, things, root }: Planned): Promise<void> {
  const isAllowed = mayHave(caller, describedRuleOf(root.field));
  const count = whose === 'own' || isAllowed ? callsOf(root, things, values).length : 1;
  const own = whose === 'own' ? [] : callsOf(root, thingsOf(caller).own, values).map(variablesOf);
  for (let index = 0; index < count; index++) {
    const mustBeSpare = isAllowed && needsSpare.includes(root.field.name) && isWithinReach(caller, whose);
    const call = callsOf(root, mustBeSpare ? await caller.realm.spare() : things, values)[index];
    if (!call) continue;
    // What names nothing is the same whosever it is.
    if (own.includes(variablesOf(call)) || (whose !== 'own' && root.field.args.length === 0)) continue;
    await tryCall({ caller, whose, call }, things);
  }
}

const variablesOf = ({ variables, typeName }: RootCall) =>
  JSON.stringify([typeName, variables]).replaceAll(/"matrix-\d+"/g, '');

async function tryCall(cell: Cell, things: Things): Promise<void> {
  const { caller, call, whose } = cell;
  const root = selectionOf(call, caller.things, values);
  if (!mayHave(caller, root.rule)) return tryRefused(cell, [root], root);

  const outcome = outcomeOf(caller, call, whose, namesOthers(caller, things, call));
  const open = allowed(caller, root);
  await tryOpen(cell, open, outcome);
  if (outcome !== 'data' || call.operation === 'mutation') return;
  for (const chain of refusedWithin(caller, root)) await tryRefused(cell, chain, root);
  if (whose === 'own' && hasEverything(caller)) {
    for (const chain of namingWithin(caller, root)) await tryNaming(cell, chain);
  }
}

/** Whether anything that is sent is somebody else’s. */
function namesOthers(caller: Caller, things: Things, { variables, hasCursor }: RootCall): boolean {
  if (hasCursor) return false;
  const sent = JSON.stringify(variables);
  const own = Object.values(caller.things);
  return Object.values(things).some((thing) => thing && !own.includes(thing) && sent.includes(thing));
}

/** The same without what the caller may not have, unless that is `null` to it. */
const allowed = (caller: Caller, root: Selected): Selected => ({
  ...root,
  children: root.children
    .filter(({ rule, isHiddenQuietly }) => isHiddenQuietly || mayHave(caller, rule))
    .map((child) => allowed(caller, child)),
});

/** From the root to each field that is refused, everything beside it left out. */
function refusedWithin(caller: Caller, root: Selected): Selected[][] {
  return root.children.flatMap((child) => {
    if (!mayHave(caller, child.rule)) return child.isHiddenQuietly ? [] : [[root, child]];
    return refusedWithin(caller, child).map((chain) => [root, ...chain]);
  });
}

function namingWithin(caller: Caller, root: Selected): Selected[][] {
  return root.children.flatMap((child) => {
    if (!mayHave(caller, child.rule)) return [];
    const own = child.field.args.some(({ name }) => values[`${child.parent}.${child.field.name}.${name}`])
      ? [[root, child]]
      : [];
    return [...own, ...namingWithin(caller, child).map((chain) => [root, ...chain])];
  });
}

const onlyChain = ([first, ...rest]: readonly Selected[]): Selected => {
  if (!first) throw new TypeError('A chain of nothing.');
  return rest.length === 0 ? first : { ...first, children: [onlyChain(rest)] };
};

async function ask({ caller, call }: Cell, root: Selected, sent = ''): Promise<GraphqlAnswer> {
  requests++;
  // Signing out ends the session: each time another one.
  const credential =
    call.field.name === 'endSession' && caller.kind === 'customer'
      ? (await caller.person.session(caller.operations)).token
      : caller.credential;
  const answer = await harness.graphql(credential, documentOf(call, root), call.variables, {
    environment: environmentOf(caller),
  });
  noteLeaks(caller, call, sent, answer);
  return answer;
}

const nameOf = ({ caller, whose, call }: Cell, path = '') =>
  `${caller.name}, with ${whose}: ${call.operation} ${call.field.name}${path} ${JSON.stringify(call.variables)}`;

function check(cell: Cell, count: number, isRight: boolean, path: string, said: unknown): void {
  cells += count;
  if (!isRight) wrong.push(`${nameOf(cell, path)} → ${JSON.stringify(said)?.slice(0, 300)}`);
}

/** One field is refused: it says why, and nothing is below it. */
async function tryRefused(cell: Cell, chain: readonly Selected[], root: Selected): Promise<void> {
  const last = chain.at(-1) ?? root;
  const answer = await ask(cell, onlyChain(chain));
  const path = chain.map(({ field }) => field.name);
  const { code, errors } = answer;
  const shown = valuesAt(answer.data, path).filter((value) => value !== null && value !== undefined);
  if (cell.caller.kind === 'nobody') {
    const isRight = answer.status === 401 && code === 'UNAUTHENTICATED' && shown.length === 0;
    return check(cell, leavesOf(last), isRight, '', answer.text);
  }
  const isSaid = errors.some(({ message }) => message === `${last.field.name} ${needOf(cell.caller, last.rule)}`);
  const isRight = code === 'FORBIDDEN' && isSaid && shown.length === 0;
  check(cell, leavesOf(last), isRight, `.${path.slice(1).join('.')}`, answer.text);
}

/** Below the root, something is named that is somebody else’s. */
async function tryNaming(cell: Cell, chain: readonly Selected[]): Promise<void> {
  const { caller } = cell;
  const last = chain.at(-1);
  if (!last) return;
  const path = chain.map(({ field }) => field.name);
  const textsOf = (things: Things) => namingArgumentsOf(last, { things, values, typeName: undefined });
  const own = textsOf(caller.things).map(({ text }) => text);
  for (const [whose, things] of Object.entries(thingsOf(caller))) {
    for (const { name, text } of textsOf(things).filter((one) => !own.includes(one.text))) {
      const named = allowed(caller, { ...last, args: text });
      const answer = await ask(cell, onlyChain([...chain.slice(0, -1), named]), text);
      // A cursor leads to what is the caller’s own, whosever it is.
      const expected = name === 'after' ? undefined : 'NOT_FOUND';
      const isRight = answer.code === expected || isEmptyOnTheWay(answer, path);
      check(cell, leavesOf(named), isRight, `.${path.slice(1).join('.')} naming ${whose}`, answer.text);
    }
  }
}

const isEmptyOnTheWay = ({ data, errors }: GraphqlAnswer, path: readonly string[]) =>
  errors.length === 0 && valuesAt(data, path.slice(0, -1)).filter((value) => value !== null).length === 0;

/** All that the caller may have, at once. */
async function tryOpen(cell: Cell, root: Selected, outcome: string): Promise<void> {
  const { caller, call } = cell;
  const answer = await ask(cell, root);
  const { data, errors, code, text } = answer;
  if (outcome === 'null') {
    return check(cell, leavesOf(root), errors.length === 0 && data?.[call.field.name] === null, '', text);
  }
  if (outcome !== 'data') {
    return check(cell, leavesOf(root), code === outcome && !data?.[call.field.name], '', text);
  }
  if (errors.length > 0) return check(cell, leavesOf(root), false, '', text);
  for (const path of pathsOf(root)) {
    const isHidden = path.some(({ rule }) => !mayHave(caller, rule));
    const names = path.map(({ field }) => field.name);
    const found = valuesAt(data, names);
    const isRight = isHidden ? found.every((value) => value === null) : found.every((value) => value !== undefined);
    const written = `${path[0]?.parent}.${names.join('.')}`;
    if (!isHidden) askedPaths.add(written);
    if (found.length > 0) seenPaths.add(written);
    check(cell, 1, isRight, `.${names.slice(1).join('.')}`, found);
  }
}

function pathsOf(root: Selected): Selected[][] {
  if (root.children.length > 0) return root.children.flatMap((child) => pathsOf(child).map((path) => [root, ...path]));
  return [[root]];
}

/** What stands at a path, in every item of every list on the way; nothing where something on the way is `null`. */
function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, path));
  const [first, ...rest] = path;
  if (first === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  return valuesAt((value as Record<string, unknown>)[first], rest);
}

interface Mark {
  readonly text: string;
  readonly isFor: (caller: Caller) => boolean;
}

function allMarks(): Mark[] {
  return Object.values(realms).flatMap((realm) => {
    const isMerchant = (caller: Caller) => caller.kind === 'merchant' && caller.realm === realm;
    const isInside = (caller: Caller) => caller.kind !== 'nobody' && caller.realm === realm;
    return [
      ...realm.marks.map((text) => ({ text, isFor: isInside })),
      ...realm.hiddenMarks.map((text) => ({
        text,
        isFor: text === 'spare-' ? ({ kind }: Caller) => kind === 'merchant' : isMerchant,
      })),
      ...realm.people.flatMap(({ marks, notedMarks, things }) => [
        ...marks.map((text) => ({
          text,
          isFor: (caller: Caller) =>
            isMerchant(caller) || (caller.kind === 'customer' && caller.person.things.customer === things.customer),
        })),
        ...notedMarks.map((text) => ({ text, isFor: isMerchant })),
      ]),
    ];
  });
}

let marks: Mark[] | undefined;

/** Nothing of anybody else is in it but what the caller sent. */
function noteLeaks(caller: Caller, call: RootCall, sent: string, { text }: GraphqlAnswer): void {
  marks ??= allMarks();
  const given = [...textsIn(call.variables), ...(/"(.+)"/.exec(sent)?.slice(1) ?? [])];
  const shown = given
    .toSorted((one, other) => other.length - one.length)
    .reduce((left, value) => left.replaceAll(value, '…'), text);
  for (const mark of marks) {
    if (!shown.includes(mark.text)) continue;
    if (mark.isFor(caller)) shownMarks.add(mark.text);
    else leaks.push(`${caller.name} saw ${mark.text} in ${call.field.name} ${JSON.stringify(call.variables)}`);
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

test('B11 everything that a request can name has a value here, and every root field a call', () => {
  expect(coordinatesWithout(values)).toEqual([]);
  const uncalled = rootFields.filter((root) => callsOf(root, realms.own.people[0].things, values).length === 0);
  expect(uncalled.map(({ field }) => field.name)).toEqual([]);
});

/** Below the root: a change of a rule is a change of this table. What is not here anybody has who has what it stands on. */
const callersByField: Readonly<Record<string, string>> = {
  'Customer.entitlements': 'secret key; session, with READ_ENTITLEMENTS',
  'Customer.feature': 'secret key; session, with READ_ENTITLEMENTS',
  'Customer.invoices': 'secret key; session, with READ_INVOICES',
  'Customer.metadata': 'secret key',
  'Customer.paymentMethods': 'secret key; session, with READ_INVOICES',
  'Customer.source': 'secret key',
  'Customer.stripeCustomerId': 'secret key',
  'Customer.subscription': 'secret key; session, with READ_SUBSCRIPTION',
  'Customer.usage': 'secret key; session, with READ_USAGE',
  'Entitlement.usage': 'secret key; session, with READ_USAGE',
  'Session.customer': 'secret key; session, with READ_CUSTOMER',
  'Session.keyId': 'secret key',
  'Session.metadata': 'secret key',
};

test('B11 below the root as well, every field with a rule is in the table, says so, and declares it', () => {
  const fields = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .flatMap((type) =>
      isObjectType(type)
        ? Object.values(type.getFields()).map((field) => ({ path: `${type.name}.${field.name}`, field }))
        : [],
    );
  expect(
    fields.filter(({ field }) => !isSame(describedRuleOf(field), callerRuleOf(field))).map(({ path }) => path),
  ).toEqual([]);
  const below = fields.filter(({ path, field }) => !/^(Query|Mutation)\./.test(path) && callerRuleOf(field));
  expect(
    Object.fromEntries(below.map(({ path, field }) => [path, /Callers: (.+)\.$/.exec(field.description ?? '')?.[1]])),
  ).toEqual(callersByField);
});

const isSame = (one: CallerRule | undefined, other: CallerRule | undefined) =>
  one?.merchant === other?.merchant && one?.customer === other?.customer;

test('B11 every caller gets of every path what the declarations say, and nothing else', () => {
  expect(wrong.slice(0, 20)).toEqual([]);
});

test('B11 no answer holds anything of another customer, merchant or environment, nor what the merchant noted', () => {
  expect([...new Set(leaks)].slice(0, 20)).toEqual([]);
});

test('B11 a call that is refused changes nothing, and one that is not nothing of anybody else', () => {
  expect(changes).toEqual([]);
});

/** Credentials, and the addresses of pages: whoever made one has it. Of an import one must know the id. */
const isNeverShown = /^(sk|bos|chk|prt|imp)_/;

/** What a new customer, or one that was never here, cannot have. */
const isNeverThere =
  /^(Mutation\.createCustomer\.subscription|(Mutation\.(createCustomer|bindCustomer)|Query\.(explainBinding\.unresolved|unresolvedCustomers\.edges\.node)\.customer)\.(invoices\.edges|paymentMethods))\b/;

test('B11 the matrix is not empty: every path was seen with something at its end, and every mark by whom it is for', () => {
  const unseenPaths = [...askedPaths].filter((path) => !seenPaths.has(path) && !isNeverThere.test(path));
  expect(unseenPaths.toSorted()).toEqual([]);
  const unseen = allMarks().filter(({ text }) => !shownMarks.has(text) && !isNeverShown.test(text));
  expect(unseen.map(({ text }) => text)).toEqual([]);
  expect(cells).toBeGreaterThan(10_000);
});
