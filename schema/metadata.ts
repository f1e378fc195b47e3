import { z } from 'zod';

const maxBytes = 2048;
const maxDepth = 16;
const maxKeys = 50;
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** A JSON object of the merchant's own, small and plain enough that every store gives back what it was given. */
export const metadataSchema = z
  .custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    error: 'must be a JSON object',
  })
  .superRefine((value, context) => {
    for (const message of problemsOf(value)) context.addIssue({ code: 'custom', message });
  })
  // Literals in a document come without a prototype, which not every library takes for an object.
  .transform((value) => structuredClone(value));

function problemsOf(value: Record<string, unknown>): string[] {
  // Depth first: serialising a deep value overflows the stack.
  if (isDeeperThan(maxDepth, value)) return [`must be at most ${maxDepth} levels deep`];

  const problems = new Set<string>();
  if (Buffer.byteLength(JSON.stringify(value)) > maxBytes) problems.add(`must be at most ${maxBytes} bytes of JSON`);
  const keys = inspect(value, problems);
  if (keys > maxKeys) problems.add(`must have at most ${maxKeys} keys in all`);
  return [...problems];
}

const isDeeperThan = (levels: number, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((item) => isDeeperThan(levels - 1, item)));

/** Adds what is wrong anywhere inside, and counts the keys. */
function inspect(value: unknown, problems: Set<string>): number {
  if (typeof value === 'string' && !isStorable(value)) problems.add('must not contain NUL or lone surrogates');
  if (typeof value === 'number' && !isExact(value)) problems.add('must not contain numbers beyond ±(2^53 − 1)');
  if (value === undefined) problems.add('must not contain enum values or variables that are not given');
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + inspect(item, problems), 0);

  return Object.entries(value).reduce((sum, [key, item]) => {
    if (forbiddenKeys.has(key)) problems.add(`must not contain the key ${key}`);
    if (!isStorable(key)) problems.add('must not contain NUL or lone surrogates');
    return sum + 1 + inspect(item, problems);
  }, 0);
}

const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0');

const isExact = (number: number) => Number.isFinite(number) && Math.abs(number) <= Number.MAX_SAFE_INTEGER;
