import { readFile, writeFile } from 'node:fs/promises';
import { and, eq, isNotNull } from 'drizzle-orm';
import type { Owner } from '../../schema/context.ts';
import type { Database } from '../database/database.ts';
import { products } from '../database/tables.ts';
import { ImportError, type ImportSource } from './record.ts';
import type { ProductKeyOf } from './write.ts';

/** Under which of the merchant's own names each product of Stripe goes: `{ "prod_123": "pro" }`. */
export type ProductKeys = ReadonlyMap<string, string>;

const keyPattern = /^[\w.-]{1,64}$/;

/** Reads the file that the merchant may edit. Throws an ImportError that names what is wrong in it. */
export async function readProductKeys(path: string): Promise<ProductKeys> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new ImportError(`${path} cannot be read. --write-products makes such a file.`);
  });
  const entries = Object.entries(parse(text, path));
  for (const [productId, key] of entries) {
    if (typeof key !== 'string' || !keyPattern.test(key)) {
      throw new ImportError(
        `${path}: the key of ${productId} must be 1 to 64 letters, digits, dots, dashes or underscores.`,
      );
    }
  }
  const keys = entries.map(([, key]) => key as string);
  const double = keys.find((key, index) => keys.indexOf(key) !== index);
  if (double !== undefined) throw new ImportError(`${path}: two products have the key ${double}.`);
  return new Map(entries as [string, string][]);
}

function parse(text: string, path: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below, without what is in it.
  }
  throw new ImportError(`${path} must be a JSON object: { "prod_123": "pro" }.`);
}

/** Adds the source's products to the file, each under the key that it has here, or one made of its name; what is there stays. */
export async function writeProductKeys(
  path: string,
  source: ImportSource,
  productKeyOf: ProductKeyOf,
): Promise<{ added: number; total: number }> {
  const known = await readProductKeys(path).catch(async (error: unknown) => {
    if (await exists(path)) throw error;
    return new Map<string, string>();
  });
  const keys = new Map(known);
  for await (const { records } of source.read()) {
    const found = records.filter((record) => record.kind === 'product');
    // Products come first.
    if (found.length === 0 && records.length > 0) break;
    for (const { stripeId, name } of found)
      if (!keys.has(stripeId)) keys.set(stripeId, ownKey(stripeId, productKeyOf) ?? freeKey(name, keys));
  }
  await writeFile(path, `${JSON.stringify(Object.fromEntries(keys), null, 2)}\n`);
  return { added: keys.size - known.size, total: keys.size };
}

/** The id at Stripe is no name of the merchant's own. */
const ownKey = (stripeId: string, productKeyOf: ProductKeyOf) =>
  productKeyOf(stripeId) === stripeId ? undefined : productKeyOf(stripeId);

const exists = (path: string) =>
  readFile(path).then(
    () => true,
    () => false,
  );

function freeKey(name: string, keys: ProductKeys): string {
  const taken = new Set(keys.values());
  const base =
    name
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 60) || 'product';
  let key = base;
  for (let count = 2; taken.has(key); count += 1) key = `${base}-${count}`;
  return key;
}

/** With a file, its products and no others; without one, every product under the key it has here, or its id at Stripe. */
export async function productKeysFor(
  { db }: Pick<Database, 'db'>,
  { merchantId, environment }: Owner,
  given: ProductKeys | undefined,
): Promise<ProductKeyOf> {
  if (given) return (stripeProductId) => given.get(stripeProductId);
  const rows = await db
    .select({ key: products.key, stripeProductId: products.stripeProductId })
    .from(products)
    .where(
      and(
        eq(products.merchantId, merchantId),
        eq(products.environment, environment),
        isNotNull(products.stripeProductId),
      ),
    );
  const known = new Map(rows.map(({ key, stripeProductId }) => [stripeProductId, key]));
  return (stripeProductId) => known.get(stripeProductId) ?? stripeProductId;
}
