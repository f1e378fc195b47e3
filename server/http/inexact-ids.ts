import { GraphQLID, type GraphQLInputType, isInputObjectType, isListType, isNonNullType } from 'graphql';
import type { InputProblem } from '../../schema/errors.ts';

/**
 * Where an `ID` is a number that JSON has changed on its way: 9007199254740993 arrives as …992, and two users of a merchant
 * would become one customer. GraphQL accepts any whole number there.
 */
export function inexactIds(value: unknown, type: GraphQLInputType, path: InputProblem['path']): InputProblem[] {
  if (typeof value !== 'object' && typeof value !== 'number') return [];
  if (isNonNullType(type)) return inexactIds(value, type.ofType, path);
  if (isListType(type)) {
    if (!Array.isArray(value)) return inexactIds(value, type.ofType, path);
    return value.flatMap((item, index) => inexactIds(item, type.ofType, [...path, index]));
  }
  if (isInputObjectType(type)) {
    const given = new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
    return Object.values(type.getFields()).flatMap((field) =>
      inexactIds(given.get(field.name), field.type, [...path, field.name]),
    );
  }
  const isInexact = type.name === GraphQLID.name && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isInexact ? [{ path, message: 'must be a string: a number this large is not exact in JSON' }] : [];
}

/** Whether there can be such a number in this JSON at all: 16 digits, or an exponent. Nearly no request has one. */
export const mayHoldInexactNumber = (json: string): boolean => /[:,[]\s*-?(?:\d{16}|[\d.]+e)/i.test(json);
