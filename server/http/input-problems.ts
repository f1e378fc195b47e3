import {
  coerceInputValue,
  type DocumentNode,
  getNamedType,
  getOperationAST,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputType,
  Kind,
  type OperationDefinitionNode,
  typeFromAST,
  valueFromAST,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { z } from 'zod';
import type { Caller } from '../../schema/context.ts';
import { ApiError, type InputProblem } from '../../schema/errors.ts';
import { mayCall, refusalOf } from '../../schema/refusal.ts';
import type { RequestContext } from './endpoint.ts';
import { inexactIds } from './inexact-ids.ts';
import { rootFieldsOf } from './root-fields.ts';

/** Nobody mends more at once, and what is counted further costs time. */
const maxProblems = 50;

/**
 * Says everything that is wrong with the variables at once. GraphQL alone would stop at values of a wrong type, repeat
 * them in its messages, and leave what the input's own rules find to the next attempt.
 */
export const useInputProblems = (): Plugin<RequestContext> => ({
  onExecute({ args, setResultAndStopExecution }) {
    const { schema, document, contextValue, variableValues = {} } = args;
    const operation = getOperationAST(document, args.operationName);
    if (!operation) return;
    const refusal = refusalOfInput({ schema, document, operation, variableValues, caller: contextValue.caller });
    if (refusal) setResultAndStopExecution({ errors: [refusal] });
  },
});

interface AskedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variableValues: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
}

/** Why an operation is not carried out with these variables; `undefined` when they are right. */
export function refusalOfInput(asked: AskedOperation): ApiError | undefined {
  const { schema, operation, variableValues, caller } = asked;
  const problems = (operation.variableDefinitions ?? []).flatMap(({ variable, type: typeNode, defaultValue }) => {
    const name = variable.name.value;
    const type: unknown = typeFromAST(schema, typeNode as never);
    if (!isInputType(type)) return [];
    const given: unknown = Object.hasOwn(variableValues, name) ? variableValues[name] : undefined;
    const value = given === undefined && defaultValue ? valueFromAST(defaultValue, type) : given;
    return value === undefined && !typeNode.kind.startsWith('NonNull') ? [] : problemsOf(value, type, name);
  });
  if (problems.length === 0) return undefined;
  const forbidden = refusalOfOperation(caller, operation, asked);
  return forbidden ?? new ApiError('INVALID_INPUT', 'The input is not valid.', { problems });
}

/** Who may not call a field learns nothing about its input. */
function refusalOfOperation(
  caller: Caller,
  operation: OperationDefinitionNode,
  { schema, document }: { schema: GraphQLSchema; document: DocumentNode },
): ApiError | undefined {
  const parentType = schema.getRootType(operation.operation);
  if (!parentType) return undefined;
  const fragments = new Map(
    document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
  );
  const forbidden = rootFieldsOf(operation.selectionSet, (name) => fragments.get(name)?.selectionSet)
    .map((field) => ({ parentType, fieldName: field.name.value }))
    .find((place) => place.fieldName in parentType.getFields() && !mayCall(caller, place));
  return forbidden && refusalOf(caller, forbidden);
}

function problemsOf(value: unknown, type: GraphQLInputType, name: string): InputProblem[] {
  const ofType = inexactIds(value, type, [name]);
  const coerced = coerce(value, type, (path, message) => {
    ofType.push({ path: [name, ...path], message });
    return ofType.length < maxProblems;
  });
  if (ofType.length === 0 || ofType.length >= maxProblems) return ofType;

  const known = new Set(ofType.map(keyOf));
  const ofRules = rulesOf(type)?.safeParse(coerced).error?.issues ?? [];
  return [...ofType, ...ofRules.map((issue) => toProblem(issue, name)).filter((problem) => !known.has(keyOf(problem)))];
}

/** What the rest amounts to when some is wrong; nothing, when the receiver of problems has heard enough. */
function coerce(
  value: unknown,
  type: GraphQLInputType,
  report: (path: readonly (string | number)[], message: string) => boolean,
): unknown {
  try {
    return coerceInputValue(value, type, (path, _invalidValue, error) => {
      if (!report(path, withoutValue(error.message))) throw new EnoughProblems();
    });
  } catch (error) {
    if (!(error instanceof EnoughProblems)) throw error;
    return undefined;
  }
}

class EnoughProblems extends Error {}

function rulesOf(type: GraphQLInputType): z.ZodType | undefined {
  const options = getNamedType(type).extensions['pothosOptions'] as { validate?: unknown } | undefined;
  return options?.validate instanceof z.ZodType ? options.validate : undefined;
}

const toProblem = ({ path, message }: z.core.$ZodIssue, name: string): InputProblem => ({
  path: [name, ...path.map((step) => (typeof step === 'number' ? step : String(step)))],
  message,
});

const keyOf = ({ path }: InputProblem) => path.join('\0');

/** graphql-js ends such messages with the value, or with a guess: `Int cannot represent non-integer value: 3600.5`. */
const withoutValue = (message: string) => message.replace(/(: | Did you mean ).*$/s, '').replace(/\.?$/, '.');
