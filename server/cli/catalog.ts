import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { CatalogDraft } from '../../schema/billing.ts';

import { StartupError } from '../startup-error.ts';
import { type OwnerOptions, ownerOf, run, table, withOwner } from './run.ts';

/** `billingos catalog apply|show` */
export function addCatalogCommands(program: Command): void {
  const catalog = program.command('catalog').description('What is for sale: products, prices and features.');

  withOwner(
    catalog
      .command('apply <file>')
      .description('Make the catalog what the file says, and list what changes. What is left out is archived.'),
    'test',
  )
    .option('--dry-run', 'write nothing, and list what would change')
    .action((path: string, options: OwnerOptions & { readonly dryRun?: true }, command: Command) =>
      run(command, async (rules) => {
        const draft = await readCatalog(path);
        const owner = await ownerOf(options, rules);
        const changes = await rules.catalog.apply(owner, draft, options.dryRun ? 'dry' : 'real');
        const rows = changes.map(({ kind, what, key, fields }) => [kind, what, key, fields.join(', ')]);
        const done = options.dryRun ? 'Nothing was written.' : `Written to ${owner.environment}.`;
        return {
          json: { environment: owner.environment, changes },
          text: rows.length === 0 ? 'Nothing is different.' : `${table(['', 'WHAT', 'KEY', 'CHANGED'], rows)}\n${done}`,
        };
      }),
    );

  withOwner(catalog.command('show').description('List what is for sale.'), 'test').action(
    (options: OwnerOptions, command: Command) =>
      run(command, async (rules) => {
        const products = await rules.catalog.products(await ownerOf(options, rules));
        const rows = products.flatMap((product) => [
          ['product', product.key, product.name, stateOf(product)],
          ...product.prices.map((price) => [
            'price',
            price.key,
            `${price.unitAmount ?? 'tiers'} ${price.currency}${price.recurring ? ` / ${price.recurring.interval}` : ''}`,
            stateOf(price),
          ]),
        ]);
        return {
          json: products,
          text: rows.length === 0 ? 'Nothing is for sale yet.' : table(['WHAT', 'KEY', 'NAME', 'STATE'], rows),
        };
      }),
  );
}

const stateOf = ({ isActive, isVisible }: { readonly isActive: boolean; readonly isVisible: boolean }) =>
  isActive ? (isVisible ? 'for sale' : 'hidden') : 'archived';

/** Every problem of the file at once, each by its place. */
async function readCatalog(path: string): Promise<CatalogDraft> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new StartupError(`${path} cannot be read.`);
  });
  // GraphQL's types come with it: only this command waits for them.
  const { catalogSchema, draftOf } = await import('../../schema/catalog/catalog.ts');
  const { data, error } = catalogSchema.safeParse(jsonOf(text, path));
  if (data) return draftOf(data);
  const problems = error.issues.map(({ path: place, message }) => `  ${place.join('.') || 'it'}: ${message}`);
  throw new StartupError(`${path} is not a catalog:\n${problems.join('\n')}`);
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new StartupError(`${path} is not JSON.`);
  }
}
