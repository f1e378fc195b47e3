import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ImportRecord, Merchant } from '../../schema/context.ts';
import { type ProductKeys, productKeysFor, readProductKeys, writeProductKeys } from '../import/product-keys.ts';
import { ImportError, type ImportSource, recordKinds } from '../import/record.ts';
import type { ProductKeyOf } from '../import/write.ts';
import type { Installation } from '../installation.ts';
import { StartupError } from '../startup-error.ts';
import { type Output, type OwnerOptions, ownerOf, run, table, withOwner } from './run.ts';

interface ImportCommandOptions extends OwnerOptions {
  readonly dryRun?: true;
  readonly products?: string;
  readonly writeProducts?: string;
}

interface NamedSource {
  readonly source: ImportSource;
  readonly sourceName: string;
}

type OpenSource = (owner: Merchant, installation: Installation) => Promise<NamedSource>;

/** `billingos import stripe|file` */
export function addImportCommands(program: Command): void {
  const imports = program.command('import').description('Mirror customers, products, prices and subscriptions here.');

  withImport(
    imports.command('stripe').description('From Stripe, with STRIPE_SECRET_KEY or the connected account.'),
  ).action((options: ImportCommandOptions, command: Command) => importFrom(openStripe, options, command));
  withImport(imports.command('file <path>').description('From an export: .csv, .json or .jsonl.')).action(
    (path: string, options: ImportCommandOptions, command: Command) => importFrom(openFile(path), options, command),
  );
}

const withImport = (command: Command): Command =>
  withOwner(command, 'test')
    .option('--dry-run', 'write nothing, and say what would be written')
    .option('--products <file>', 'JSON that names your key for each product of Stripe: { "prod_123": "pro" }')
    .option('--write-products <file>', 'make or complete that file, and import nothing');

const importFrom = (open: OpenSource, options: ImportCommandOptions, command: Command) =>
  run(command, async (rules, installation) => {
    try {
      const owner = await ownerOf(options, rules);
      const named = await open(owner, installation);
      if (options.writeProducts !== undefined) {
        const known = await productKeysFor(installation.database, owner, undefined);
        return await productsWritten(options.writeProducts, named.source, known);
      }
      return await imported(owner, named, options, installation);
    } catch (error) {
      throw error instanceof ImportError ? new StartupError(error.message, { cause: error }) : error;
    }
  });

async function imported(
  owner: Merchant,
  named: NamedSource,
  options: ImportCommandOptions,
  installation: Installation,
): Promise<Output> {
  const { rules, database } = installation;
  const given = options.products === undefined ? undefined : await readProductKeys(options.products);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const { createProgressBar } = await import('./progress.ts');
  const bar = createProgressBar(process.stderr);
  // Other keys give other products: a run with those begins anew.
  const sourceName = given ? `${named.sourceName}:${digestOf(given)}` : named.sourceName;
  const importOptions = {
    source: named.source,
    sourceName,
    mode: options.dryRun ? 'dry' : 'real',
    productKeyOf: await productKeysFor(database, owner, given),
    signal: stopping.signal,
    onProgress: bar.show,
  } as const;
  try {
    const ended = await rules.imports.run(owner, await rules.imports.begin(owner, importOptions), importOptions);
    return reported(ended, await rules.unresolved.countByReason(owner).catch(() => undefined));
  } finally {
    bar.stop();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

const digestOf = (keys: ProductKeys) =>
  createHash('sha256')
    .update(JSON.stringify([...keys]))
    .digest('base64url');

async function productsWritten(path: string, source: ImportSource, productKeyOf: ProductKeyOf): Promise<Output> {
  const { added, total } = await writeProductKeys(path, source, productKeyOf);
  const text = `${path} names ${total} products, ${added} of them new. Edit the keys, then import with --products ${path}.`;
  return { json: { path, added, total }, text };
}

const openStripe: OpenSource = async (owner, { rules }) => ({
  source: await rules.stripeSources.sourceFor(owner, process.env['STRIPE_SECRET_KEY'] || undefined),
  sourceName: 'stripe',
});

/** A file that was changed is another source: row numbers of the old one mean nothing in it. */
const openFile =
  (path: string): OpenSource =>
  async () => {
    const { createFileSource } = await import('../import/file-source.ts');
    const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
    return { source: createFileSource(path), sourceName: `file:${resolve(path)}:${size}:${mtimeMs}` };
  };

type Buckets = readonly { readonly reason: string; readonly count: number }[];

function reported(ended: ImportRecord, buckets: Buckets | undefined): Output {
  const rows = recordKinds.map((kind) => {
    const { created, changed, same, unusable } = ended.counts[kind];
    return [`${kind}s`, ...[created, changed, same, unusable].map(String)];
  });
  const lines = [
    headline(ended),
    table(['', ended.mode === 'dry' ? 'NEW' : 'CREATED', 'CHANGED', 'SAME', 'UNUSABLE'], rows),
    ...problemsOf(ended),
    // What a dry run would add waits for nobody yet.
    ...(buckets && ended.mode === 'real' ? bucketsOf(buckets) : []),
  ];
  return { json: { ...ended, buckets }, text: lines.join('\n\n'), isFailure: ended.status !== 'done' };
}

function headline({ status, mode, failure, cursor }: ImportRecord): string {
  const hasGoneSomeWay = mode === 'real' && cursor !== null;
  const next = hasGoneSomeWay ? '\nWithin a day, the next one goes on from here.' : '';
  if (status !== 'done') return `The import stopped: ${failure}${next}`;
  return mode === 'dry' ? 'Nothing was written. This is what an import would do:' : 'The import is done.';
}

const mostShown = 20;

function problemsOf({ problems, counts }: ImportRecord): string[] {
  if (problems.length === 0) return [];
  const total = recordKinds.reduce((sum, kind) => sum + counts[kind].unusable, 0);
  const shown = problems.slice(0, mostShown).map(({ where, reason }) => [where, reason]);
  const more = total > shown.length ? `\n… and ${total - shown.length} more (the first 100 with --json)` : '';
  return [table(['UNUSABLE', 'WHY'], shown) + more];
}

const meanings: Readonly<Record<string, string>> = {
  AWAITS_SESSION: 'PENDING: the first session with its address binds it',
  NO_EMAIL: 'NEEDS ATTENTION: it has no address',
  EMAIL_NOT_COMPARABLE: 'NEEDS ATTENTION: its address is not plain ASCII',
  EMAIL_COLLISION: 'NEEDS ATTENTION: several have the same address',
  CUSTOMER_EXISTS: 'NEEDS ATTENTION: a customer made here has the same address',
};

const bucketsOf = (buckets: Buckets): string[] =>
  buckets.length === 0
    ? ['No imported customer waits for its user.']
    : [
        table(
          ['WAITING', 'WHY'],
          buckets.map(({ reason, count }) => [String(count), meanings[reason] ?? reason]),
        ),
      ];
