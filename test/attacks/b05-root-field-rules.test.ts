import {
  buildSchema,
  getNamedType,
  type GraphQLField,
  type GraphQLInputType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { assertEveryRootFieldDeclaresItsCaller, callerRuleOf } from '../../schema/operation.ts';
import { createHarness, type Harness } from '../support/harness.ts';

/** Who may call what: a change of a rule is a change of this table. */
const callersByField: Readonly<Record<string, string>> = {
  'Query.currentSession': 'session',
  'Query.customer': 'secret key',
  'Query.customers': 'secret key',
  'Query.explainBinding': 'secret key',
  'Query.import': 'secret key',
  'Query.introspectSession': 'secret key',
  'Query.node': 'secret key; session, with READ_CUSTOMER',
  'Query.previewPlanChange': 'session, with MANAGE_SUBSCRIPTION',
  'Query.products': 'secret key; session, with READ_PRODUCTS',
  'Query.session': 'secret key',
  'Query.sessions': 'secret key',
  'Query.unresolvedCustomers': 'secret key',
  'Query.viewer': 'session, with READ_CUSTOMER',
  'Mutation.advanceTestClock': 'secret key',
  'Mutation.applyCatalog': 'secret key',
  'Mutation.bindCustomer': 'secret key',
  'Mutation.cancelSubscription': 'session, with MANAGE_SUBSCRIPTION',
  'Mutation.changePlan': 'session, with MANAGE_SUBSCRIPTION',
  'Mutation.createCheckout': 'session, with CREATE_CHECKOUT',
  'Mutation.createCustomer': 'secret key',
  'Mutation.createPortalSession': 'session, with OPEN_PORTAL',
  'Mutation.createSession': 'secret key',
  'Mutation.deleteCustomer': 'secret key',
  'Mutation.endSession': 'session',
  'Mutation.mergeCustomers': 'secret key',
  'Mutation.recordUsage': 'secret key',
  'Mutation.relinkCustomer': 'secret key',
  'Mutation.resumeSubscription': 'session, with MANAGE_SUBSCRIPTION',
  'Mutation.revokeSession': 'secret key',
  'Mutation.revokeSessions': 'secret key',
  'Mutation.startImport': 'secret key',
  'Mutation.trackUsage': 'session, with TRACK_USAGE',
  'Mutation.updateCustomer': 'secret key',
};

const rootFields = [schema.getQueryType(), schema.getMutationType()]
  .filter((root) => isObjectType(root))
  .flatMap((root) =>
    Object.values(root.getFields()).map((field) => ({
      path: `${root.name}.${field.name}`,
      field,
      callers: callersByField[`${root.name}.${field.name}`] ?? '',
      document: `${root.name.toLowerCase()} { ${callOf(field)} }`,
    })),
  );

/** The field with as little as its arguments and its type allow. */
function callOf(field: GraphQLField<unknown, unknown>): string {
  const args = field.args.filter(isRequiredArgument).map((arg) => `${arg.name}: ${literalOf(arg.type)}`);
  const selection = isCompositeType(getNamedType(field.type)) ? ' { __typename }' : '';
  return field.name + (args.length > 0 ? `(${args.join(', ')})` : '') + selection;
}

function literalOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literalOf(type.ofType);
  if (isListType(type)) return '[]';
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  const simple: Record<string, string> = { ID: '"x"', String: '"x"', Int: '1', SafeInt: '1', Boolean: 'false' };
  if (!isInputObjectType(type)) return simple[type.name] ?? '{}';
  const all = Object.values(type.getFields());
  const needed = type.isOneOf ? all.slice(0, 1) : all.filter(isRequiredInputField);
  return `{ ${needed.map((field) => `${field.name}: ${literalOf(field.type)}`).join(', ')} }`;
}

let harness: Harness;
let sessionWithoutOperations: string;
let session: () => Promise<string>;
beforeAll(async () => {
  harness = await createHarness();
  const tokenFor = async (allowedOperations?: []) =>
    (
      await harness.merchant.billingos.createSessionToken({
        externalUserId: 'ada',
        ...(allowedOperations && { allowedOperations }),
      })
    ).sessionToken;
  sessionWithoutOperations = await tokenFor([]);
  session = () => tokenFor();
});
afterAll(() => harness.stop());

const allowsKeys = (callers: string) => callers.includes('secret key');
const allowsSessions = (callers: string) => callers.includes('session');
const operationOf = (callers: string) => /with (\w+)/.exec(callers)?.[1];

describe('the declaration', () => {
  test('B5 every root field is in the table, and the table has no others', () => {
    expect(rootFields.map(({ path }) => path).toSorted()).toEqual(Object.keys(callersByField).toSorted());
  });

  test.each(rootFields)('B5 $path declares the rule of the table, and says so in its description', (root) => {
    const { field, callers } = root;
    const customer = operationOf(callers) ?? 'ANY_OPERATION';
    expect(callerRuleOf(field)).toEqual({
      ...(allowsKeys(callers) && { merchant: true }),
      ...(allowsSessions(callers) && { customer }),
    });
    expect(field.description).toContain(`Callers: ${callers}.`);
  });

  test('B5 a schema with a root field that declares no rule does not load', () => {
    const silent = buildSchema('type Query { open: Int } type Mutation { alsoOpen: Int }');
    expect(() => assertEveryRootFieldDeclaresItsCaller(silent)).toThrow(
      'These fields do not declare who may call them: Query.open, Mutation.alsoOpen',
    );
  });
});

describe('the enforcement', () => {
  test.each(rootFields)('B5 $path refuses a caller without a credential', async ({ document }) => {
    const answer = await harness.graphql(null, document);
    expect(answer).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(answer.errors).toHaveLength(1);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  test.each(rootFields)('B5 $path refuses a caller with a credential that is not accepted', async (root) => {
    // Each from an address of its own: many failures of one are refused for their number.
    const address = `203.0.113.${rootFields.indexOf(root) + 2}`;
    for (const credential of ['sk_test_x', 'bos_session_test_x', 'x']) {
      const answer = await harness.graphql(credential, root.document, undefined, { address });
      expect(answer).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    }
  });

  test.each(rootFields)('B5 $path answers a secret key by its rule', async ({ document, callers }) => {
    const { code, status, text } = await harness.graphql(harness.merchant.secretKey, document);
    if (allowsKeys(callers)) return expect(['UNAUTHENTICATED', 'FORBIDDEN']).not.toContain(code);
    expect({ code, status }).toEqual({ code: 'FORBIDDEN', status: 403 });
    expect(text).toContain('needs a session token');
  });

  test.each(rootFields)('B5 $path answers a session by its rule', async ({ document, callers }) => {
    const { code, status, text } = await harness.graphql(await session(), document);
    if (allowsSessions(callers)) return expect(['UNAUTHENTICATED', 'FORBIDDEN']).not.toContain(code);
    expect({ code, status }).toEqual({ code: 'FORBIDDEN', status: 403 });
    expect(text).toContain('needs a secret key');
  });

  const withOperation = rootFields.filter(({ callers }) => operationOf(callers));
  test.each(withOperation)(
    'B5 $path refuses a session without the operation, and names it',
    async ({ document, callers }) => {
      const { code, status, text } = await harness.graphql(sessionWithoutOperations, document);
      expect({ code, status }).toEqual({ code: 'FORBIDDEN', status: 403 });
      expect(text).toContain(`needs the operation ${operationOf(callers)}`);
    },
  );
});
