import { z } from 'zod';

const maxIdCharacters = 255;
const lastSecond = Date.UTC(9999, 11, 31) / 1_000;

/** PostgreSQL keeps no NUL and no half of a surrogate pair. */
const isStorable = (value: string) => !value.includes('\0') && value.isWellFormed();

export const text = (maxCharacters: number) =>
  z
    .string()
    .max(maxCharacters, { error: `has more than ${maxCharacters} characters` })
    .refine(isStorable, { error: 'has characters that cannot be stored' });

/** Some exports write an empty text for none. */
export const optionalText = (maxCharacters: number) => givenText(maxCharacters).transform((value) => value ?? null);

/** The same, and `undefined` where nothing is said. */
export const givenText = (maxCharacters: number) =>
  text(maxCharacters)
    .nullish()
    .transform((value) => (value === '' ? null : value));

export const idOf = (prefix: 'cus' | 'sub') =>
  z
    .string()
    .max(maxIdCharacters)
    .regex(new RegExp(`^${prefix}_\\w+$`), { error: `is not an id such as ${prefix}_123` });

/** Merchants may have chosen the ids of their products and plans. */
export const chosenId = z.string().regex(/^[!-~]{1,255}$/, { error: 'is not an id' });

/** An id, or the whole object in its place. */
export const reference = (id: z.ZodString) => z.union([id, z.object({ id }).transform((object) => object.id)]);

export const moment = z
  .int()
  .min(0)
  .max(lastSecond)
  .transform((seconds) => new Date(seconds * 1_000));

export const metadata = z
  .record(text(500), text(5_000))
  .nullish()
  .transform((pairs) => pairs ?? {});
