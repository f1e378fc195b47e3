import { z } from 'zod';

/** Control characters, line and paragraph separators, and halves of surrogate pairs: no store keeps all of them unchanged. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

const isPrintable = (text: string) => text.isWellFormed() && !unprintable.test(text);

/** Characters as a reader counts code points, not UTF-16 units. */
const lengthOf = (text: string) => Array.from(text).length;

/** One line of printable Unicode, kept exactly as given. */
export const printableText = (bounds: { min: number; max: number }) =>
  z
    .string()
    .refine((text) => lengthOf(text) >= bounds.min && lengthOf(text) <= bounds.max, {
      error: `must have ${bounds.min} to ${bounds.max} characters`,
    })
    .refine(isPrintable, { error: 'must be printable Unicode: no control characters, no lone surrogates' });

/** The merchant's own id of something, byte for byte. */
export const externalId = printableText({ min: 1, max: 255 });
