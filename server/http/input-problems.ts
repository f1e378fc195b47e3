import {
  coerceInputValue,
  getNamedType,
  getOperationAST,
  type GraphQLInputType,
  isInputType,
  typeFromAST,
  valueFromAST,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { z } from 'zod';
import { ApiError, type InputProblem } from '../../schema/errors.ts';

/**
 * Says everything that is wrong with the variables at once. GraphQL alone would stop at values of a wrong type, repeat
 * them in its messages, and leave what the input's own rules find to the next attempt.
 */
export const useInputProblems = (): Plugin => ({
  onExecute({ args, setResultAndStopExecution }) {
    const operation = getOperationAST(args.document, args.operationName);
    const problems = (operation?.variableDefinitions ?? []).flatMap(({ variable, type: typeNode, defaultValue }) => {
      const name = variable.name.value;
      const type: unknown = typeFromAST(args.schema, typeNode as never);
      if (!isInputType(type)) return [];
      const given: unknown = args.variableValues?.[name];
      const value = given === undefined && defaultValue ? valueFromAST(defaultValue, type) : given;
      return value === undefined && !typeNode.kind.startsWith('NonNull') ? [] : problemsOf(value, type, name);
    });
    if (problems.length > 0) {
      setResultAndStopExecution({ errors: [new ApiError('INVALID_INPUT', 'The input is not valid.', { problems })] });
    }
  },
});

function problemsOf(value: unknown, type: GraphQLInputType, name: string): InputProblem[] {
  const ofType: InputProblem[] = [];
  const coerced: unknown = coerceInputValue(value, type, (path, _invalidValue, error) => {
    ofType.push({ path: [name, ...path], message: withoutValue(error.message) });
  });
  if (ofType.length === 0) return [];

  const rules = getNamedType(type).extensions['pothosOptions'] as { validate?: unknown } | undefined;
  const ofRules = rules?.validate instanceof z.ZodType ? (rules.validate.safeParse(coerced).error?.issues ?? []) : [];
  return [
    ...ofType,
    ...ofRules
      .map(({ path, message }) => ({
        path: [name, ...path.map((step) => (typeof step === 'number' ? step : String(step)))],
        message,
      }))
      .filter((problem) => !ofType.some((known) => known.path.join('\0') === problem.path.join('\0'))),
  ];
}

/** graphql-js ends such messages with the value, or with a guess: `Int cannot represent non-integer value: 3600.5`. */
const withoutValue = (message: string) => message.replace(/(: | Did you mean ).*$/s, '').replace(/\.?$/, '.');
