import {
  type GraphQLArgument,
  type GraphQLField,
  GraphQLID,
  type GraphQLInputField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  type GraphQLObjectType,
} from 'graphql';
import { schema } from '../../schema/index.ts';
import type { CallerRule, SessionOperation } from '../../schema/operation.ts';
import type { Things } from './people.ts';

const maxDepth = 6;

/** A field in a request, with all that can be asked below it. */
export interface Selected {
  readonly parent: string;
  readonly field: GraphQLField<unknown, unknown>;
  /** What its description says: what enforces it is another thing. */
  readonly rule: CallerRule | undefined;
  /** Who may not have it gets `null`, and no error. */
  readonly isHiddenQuietly: boolean;
  readonly args: string;
  readonly children: readonly Selected[];
}

/** What a caller can send to a root field. */
export interface RootCall {
  readonly operation: 'query' | 'mutation';
  readonly field: GraphQLField<unknown, unknown>;
  /** Of a field that answers with several types, the one that is asked for. */
  readonly typeName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly hasCursor: boolean;
}

/** By the coordinate of an argument or input field: the values that it can have, of these things. With a `!`, it is always sent. */
export type Values = Readonly<Record<string, (things: Things, typeName: string | undefined) => readonly unknown[]>>;

export const rootFields = (['query', 'mutation'] as const).flatMap((operation) =>
  Object.values(schema.getRootType(operation as never)?.getFields() ?? {}).map((field) => ({ operation, field })),
);

/** Who may have it, as readers of the schema are told; `undefined`: whoever has what it stands on. */
export function describedRuleOf({ description }: GraphQLField<unknown, unknown>): CallerRule | undefined {
  const [, callers] = /Callers: (.+)\.$/.exec(description ?? '') ?? [];
  if (callers === undefined) return undefined;
  const session = callers.split('; ').find((caller) => caller.startsWith('session'));
  const operation = /with (\w+)/.exec(session ?? '')?.[1] as SessionOperation | undefined;
  return {
    ...(callers.startsWith('secret key') && { merchant: true as const }),
    ...(session !== undefined && { customer: operation ?? ('ANY_OPERATION' as const) }),
  };
}

const coordinateOfRoot = (operation: 'query' | 'mutation') => (operation === 'query' ? 'Query' : 'Mutation');

/** Every way of calling it with what is these things. */
export function callsOf({ operation, field }: (typeof rootFields)[number], things: Things, values: Values): RootCall[] {
  const type = getNamedType(field.type);
  const typeNames = isInterfaceType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [undefined];
  return typeNames.flatMap((typeName) =>
    variantsOf(
      field.args.map((argument) => ({
        name: argument.name,
        isRequired:
          isRequiredArgument(argument) || `${coordinateOfRoot(operation)}.${field.name}.${argument.name}!` in values,
        coordinate: `${coordinateOfRoot(operation)}.${field.name}.${argument.name}`,
        type: argument.type,
      })),
      { things, values, typeName },
    ).map((variables) => ({ operation, field, typeName, variables, hasCursor: 'after' in variables })),
  );
}

interface Input {
  readonly name: string;
  readonly isRequired: boolean;
  readonly coordinate: string;
  readonly type: GraphQLInputType;
}

interface Filling {
  readonly things: Things;
  readonly values: Values;
  readonly typeName: string | undefined;
}

/** What is required, and then one after the other what else can be said. */
function variantsOf(inputs: readonly Input[], filling: Filling): Record<string, unknown>[] {
  const choices = inputs.map((input) => ({ ...input, all: valuesOf(input, filling) }));
  if (choices.some(({ isRequired, all }) => isRequired && all.length === 0)) return [];
  const base = Object.fromEntries(choices.flatMap(({ isRequired, name, all }) => (isRequired ? [[name, all[0]]] : [])));
  const more = choices.flatMap(({ isRequired, name, all }) =>
    (isRequired ? all.slice(1) : all).map((value) => ({ ...base, [name]: value })),
  );
  return [base, ...more];
}

function valuesOf({ coordinate, type, isRequired }: Input, filling: Filling): readonly unknown[] {
  const give = filling.values[coordinate] ?? filling.values[`${coordinate}!`];
  const given = give?.(filling.things, filling.typeName);
  if (given) return given.filter((value) => value !== undefined);
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    return valuesOf({ name: '', coordinate, type: nullable.ofType, isRequired }, filling).map((value) => [value]);
  }
  if (isInputObjectType(nullable)) return objectsOf(nullable, isRequired, filling);
  if (!isRequired) return [];
  if (isEnumType(nullable)) return [nullable.getValues()[0]?.name];
  const simple: Readonly<Record<string, unknown>> = { Int: 1, SafeInt: 1, Boolean: false };
  return simple[nullable.toString()] === undefined ? [] : [simple[nullable.toString()]];
}

function objectsOf(
  type: Extract<ReturnType<typeof getNullableType>, object> & { getFields?: unknown },
  isRequired: boolean,
  filling: Filling,
): readonly unknown[] {
  if (!isInputObjectType(type)) return [];
  const inputs = Object.values(type.getFields()).map((field) => ({
    name: field.name,
    isRequired: isRequiredInputField(field),
    coordinate: `${type.name}.${field.name}`,
    type: field.type,
  }));
  const all = variantsOf(inputs, filling);
  // Without one of them, a choice of one says nothing; neither does a filter.
  return type.isOneOf || !isRequired ? all.slice(1) : all;
}

/** The coordinates of what has no value, though it must be given or names something. */
export function coordinatesWithout(values: Values): string[] {
  const missing = new Set<string>();
  const look = (coordinate: string, input: GraphQLArgument | GraphQLInputField, isRequired: boolean) => {
    if (values[coordinate]) return;
    const type = getNamedType(input.type);
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        look(`${type.name}.${field.name}`, field, isRequiredInputField(field));
      }
    } else if (type === GraphQLID || input.name === 'after' || (isRequired && type.name === 'String')) {
      missing.add(coordinate);
    }
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      for (const argument of field.args) {
        look(`${type.name}.${field.name}.${argument.name}`, argument, isRequiredArgument(argument));
      }
    }
  }
  return [...missing];
}

/** All that can be asked below a root field, its depth being 1. */
export function selectionOf({ operation, field, typeName }: RootCall, things: Things, values: Values): Selected {
  return selected(coordinateOfRoot(operation), field, '', 1, { things, values, typeName });
}

function selected(
  parent: string,
  field: GraphQLField<unknown, unknown>,
  args: string,
  depth: number,
  filling: Filling,
): Selected {
  const type = getNamedType(field.type);
  const composite = isObjectType(type) ? type : isInterfaceType(type) ? objectNamed(filling.typeName) : undefined;
  const options = field.extensions['pothosOptions'] as { unauthorizedResolver?: unknown } | undefined;
  return {
    parent,
    field,
    rule: describedRuleOf(field),
    isHiddenQuietly: options?.unauthorizedResolver !== undefined,
    args,
    children:
      composite && depth < maxDepth
        ? Object.values(composite.getFields()).map((child) =>
            selected(composite.name, child, argumentsOf(composite.name, child, filling), depth + 1, filling),
          )
        : [],
  };
}

const objectNamed = (name: string | undefined): GraphQLObjectType | undefined => {
  const type = name === undefined ? undefined : schema.getType(name);
  return isObjectType(type) ? type : undefined;
};

/** `(key: "exports")`: what a field below the root must be told, of these things. */
export function argumentsOf(parent: string, field: GraphQLField<unknown, unknown>, filling: Filling): string {
  const given = field.args.flatMap((argument) => {
    const coordinate = `${parent}.${field.name}.${argument.name}`;
    const [value] = isRequiredArgument(argument)
      ? valuesOf({ ...argument, isRequired: true, coordinate }, filling)
      : [];
    return value === undefined ? [] : [`${argument.name}: ${JSON.stringify(value)}`];
  });
  return given.length === 0 ? '' : `(${given.join(', ')})`;
}

/** The same for each argument below the root that names something, one after the other. */
export function namingArgumentsOf({ parent, field }: Selected, filling: Filling): { name: string; text: string }[] {
  return field.args.flatMap((argument) => {
    const values = filling.values[`${parent}.${field.name}.${argument.name}`]?.(filling.things, undefined) ?? [];
    return values
      .filter((value) => value !== undefined)
      .map((value) => ({ name: argument.name, text: `(${argument.name}: ${JSON.stringify(value)})` }));
  });
}

/** As a request has it. */
export function textOf({ field, args, children }: Selected): string {
  const isComposite = isCompositeType(getNamedType(field.type));
  const below = children.length > 0 ? children.map(textOf).join(' ') : '__typename';
  return `${field.name}${args}${isComposite ? ` { ${below} }` : ''}`;
}

export function documentOf(call: RootCall, root: Selected): string {
  const { operation, field, variables, typeName } = call;
  const sent = field.args.filter(({ name }) => name in variables);
  const declared = sent.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const passed = sent.map(({ name }) => `${name}: $${name}`).join(', ');
  const below = root.children.length > 0 ? root.children.map(textOf).join(' ') : '__typename';
  const typed = typeName === undefined ? below : `... on ${typeName} { ${below} }`;
  const selection = isCompositeType(getNamedType(field.type)) ? ` { ${typed} }` : '';
  return `${operation}${declared && ` (${declared})`} { ${field.name}${passed && `(${passed})`}${selection} }`;
}

/** How many paths end below it. */
export const leavesOf = ({ children }: Selected): number =>
  children.length === 0 ? 1 : children.reduce((sum, child) => sum + leavesOf(child), 0);

export const isNullable = (field: GraphQLField<unknown, unknown>) => !isNonNullType(field.type);
