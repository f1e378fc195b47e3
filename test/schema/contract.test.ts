import { readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isInterfaceType,
  isSpecifiedScalarType,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { assertEveryRootFieldDeclaresItsCaller, callerRuleOf } from '../../schema/operation.ts';
import { printedSchema } from '../../schema/print.ts';

interface Described {
  readonly name: string;
  readonly description?: string | null | undefined;
}

const ownTypes = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

const fieldsOf = (type: GraphQLNamedType) =>
  isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];

/** Everything that a type holds and a reader may ask about, by its path. */
function partsOf(type: GraphQLNamedType): (readonly [path: string, part: Described])[] {
  const inner: Described[] = isEnumType(type)
    ? [...type.getValues()]
    : isInputObjectType(type)
      ? Object.values(type.getFields())
      : fieldsOf(type);
  return [
    [type.name, type],
    ...inner.map((part) => [`${type.name}.${part.name}`, part] as const),
    ...fieldsOf(type).flatMap((field) =>
      field.args.map((argument) => [`${type.name}.${field.name}(${argument.name})`, argument] as const),
    ),
  ];
}

test('the committed schema is the one that is served', () => {
  expect(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8')).toBe(printedSchema());
});

test('every type, field, argument, input field and enum value is described', () => {
  const silent = ownTypes.flatMap(partsOf).filter(([, { description }]) => !description?.trim());
  expect(silent.map(([path]) => path)).toEqual([]);
});

const rootFields = [schema.getQueryType(), schema.getMutationType()].flatMap((root) => (root ? fieldsOf(root) : []));

describe('every root field', () => {
  test.each(rootFields.map((field) => [field.name, field] as const))('%s declares who may call it', (_name, field) => {
    expect(callerRuleOf(field)).toBeDefined();
  });

  test('keeps the service from starting when it declares nobody', () => {
    const silent = buildSchema('type Query { anyone: String } type Mutation { everyone: String }');
    expect(() => assertEveryRootFieldDeclaresItsCaller(silent)).toThrow(
      new TypeError('These fields do not declare who may call them: Query.anyone, Mutation.everyone'),
    );
  });
});

describe('every field that declares who may call it', () => {
  const declaring = ownTypes
    .flatMap((type) => fieldsOf(type).map((field) => [`${type.name}.${field.name}`, field] as const))
    .filter(([, field]) => callerRuleOf(field) !== undefined);

  test.each(declaring)('%s says so to its readers', (_path, field) => {
    const { merchant, customer } = callerRuleOf(field) ?? {};
    const callers = [
      merchant && 'secret key',
      customer && (customer === 'ANY_OPERATION' ? 'session' : `session, with ${customer}`),
    ].filter((caller) => caller !== undefined);
    expect(field.description).toMatch(new RegExp(` Callers: ${callers.join('; ')}\\.$`));
  });

  test('says it truly: no other field names callers', () => {
    const declared = new Set(declaring.map(([path]) => path));
    const naming = ownTypes
      .flatMap((type) => fieldsOf(type).map((field) => [`${type.name}.${field.name}`, field.description] as const))
      .filter(([path, description]) => description?.includes('Callers:') && !declared.has(path));
    expect(naming.map(([path]) => path)).toEqual([]);
  });
});

/** The names of everything that a caller may write into an argument. */
function namesWithin(input: GraphQLArgument | GraphQLInputField): string[] {
  const type = getNamedType(input.type);
  return [input.name, ...(isInputObjectType(type) ? Object.values(type.getFields()).flatMap(namesWithin) : [])];
}

describe('a session', () => {
  const callable = rootFields.filter((field) => callerRuleOf(field)?.customer !== undefined);
  const inputs = Object.fromEntries(callable.map((field) => [field.name, field.args.flatMap(namesWithin)]));

  test('may call these fields, and write no more than this', () => {
    const plan = ['input', 'price', 'quantity'];
    expect(inputs).toEqual({
      viewer: [],
      currentSession: [],
      endSession: [],
      node: ['id'],
      products: [],
      previewPlanChange: plan,
      changePlan: plan,
      cancelSubscription: ['at'],
      resumeSubscription: [],
      createCheckout: ['input', 'cancelUrl', 'price', 'quantity', 'successUrl'],
      createPortalSession: ['returnUrl'],
      trackUsage: ['input', 'amount', 'featureKey', 'idempotencyKey', 'mode'],
    });
  });

  test('can name no customer: whose data it sees comes from the token', () => {
    expect(Object.values(inputs).flat()).not.toContainEqual(expect.stringMatching(/customer|user|organization/i));
  });
});
