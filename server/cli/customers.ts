import type { Command } from 'commander';
import type { CustomerRecord, Merchant, UnresolvedBucket } from '../../schema/context.ts';
import { notFound } from '../../schema/errors.ts';
import { externalId } from '../../schema/text.ts';
import type { Rules } from '../rules.ts';
import { StartupError } from '../startup-error.ts';
import { detailed, type Output, type OwnerOptions, ownersOf, run, table, toCount, withOwner } from './run.ts';

interface ListOptions extends OwnerOptions {
  readonly email?: string;
  readonly limit: number;
}

/** `billingos customers list|show|unresolved|bind|delete` */
export function addCustomersCommands(program: Command): void {
  const customers = program.command('customers').description('Customers: whose billing it is.');

  withOwner(customers.command('list').description('Customers, newest first.'), 'both')
    .option('--email <address>', 'with this address')
    .option('--limit <count>', 'how many at most', toCount, 20)
    .action((options: ListOptions, command: Command) =>
      run(command, async (rules) => {
        const owners = await ownersOf(options, rules);
        const request = { first: options.limit, after: undefined };
        const pages = await Promise.all(
          owners.map(async (owner) => {
            const { items } = await rules.customers.list(owner, request, { email: options.email });
            return items.map((customer) => ({ environment: owner.environment, ...customer }));
          }),
        );
        return listed(newestFirst(pages.flat()).slice(0, options.limit));
      }),
    );

  withOwner(
    customers.command('show <id>').description('All about a customer, and how it came to be whose it is.'),
    'found',
  ).action((id: string, options: OwnerOptions, command: Command) =>
    run(command, async (rules) => {
      const { attempts, customer, unresolved } = await rules.binding.explain(
        await ownerOfCustomer(id, options, rules),
        id,
      );
      const { text } = detailed({ ...customer, waits: unresolved?.reason ?? null });
      const tried = table(
        ['WHEN', 'OUTCOME', 'USER OR ORGANIZATION', 'REASON'],
        attempts.map((attempt) => [
          attempt.createdAt.toISOString(),
          attempt.outcome,
          attempt.externalUserId ?? attempt.externalOrganizationId ?? '',
          attempt.reason ?? '',
        ]),
      );
      return { json: { customer, unresolved, attempts }, text: `${text}\n\n${tried}` };
    }),
  );

  withOwner(customers.command('unresolved').description('Imported customers that are nobody’s yet, and why.'), 'both')
    .option('--bucket <bucket>', 'PENDING or NEEDS_ATTENTION', toBucket)
    .option('--limit <count>', 'how many at most', toCount, 20)
    .action((options: ListOptions & { bucket?: UnresolvedBucket }, command: Command) =>
      run(command, async (rules) => {
        const request = { first: options.limit, after: undefined };
        const owners = await ownersOf(options, rules);
        const pages = await Promise.all(
          owners.map(async (owner) => {
            const { items } = await rules.binding.listUnresolved(owner, request, options.bucket);
            return items.map((item) => ({ id: item.customer.id, environment: owner.environment, ...item }));
          }),
        );
        const found = newestFirst(pages.flat()).slice(0, options.limit);
        const rows = found.map(({ customer, environment, bucket, reason }) => [
          customer.id,
          environment,
          customer.stripeCustomerId ?? '',
          customer.email ?? '',
          bucket,
          reason,
        ]);
        return { json: found, text: table(['ID', 'ENVIRONMENT', 'STRIPE', 'E-MAIL', 'BUCKET', 'REASON'], rows) };
      }),
    );

  withOwner(customers.command('bind <id>').description('Say whose an imported customer is, once.'), 'found')
    .option('--user <id>', 'your own id of the user', toExternalId)
    .option('--organization <id>', 'your own id of the organization', toExternalId)
    .action((id: string, options: OwnerOptions & { user?: string; organization?: string }, command: Command) =>
      run(command, async (rules) => {
        const owner = await ownerOfCustomer(id, options, rules);
        return detailed(await rules.binding.bind(owner, id, identityOf(options)));
      }),
    );

  withOwner(
    customers.command('delete <id>').description('Forget a customer, and end its sessions now.'),
    'found',
  ).action((id: string, options: OwnerOptions, command: Command) =>
    run(command, async (rules) => {
      const deletedId = await rules.customers.remove(await ownerOfCustomer(id, options, rules), id);
      return { json: { deletedId }, text: `${id} is gone.` };
    }),
  );
}

function identityOf({ user, organization }: { user?: string; organization?: string }) {
  if (user !== undefined && organization === undefined) return { kind: 'user', externalUserId: user } as const;
  if (organization !== undefined && user === undefined)
    return { kind: 'organization', externalOrganizationId: organization } as const;
  throw new StartupError('Say whose it is: --user or --organization, one of them.');
}

/** An id is unique, so that its environment need not be said. */
async function ownerOfCustomer(id: string, options: OwnerOptions, rules: Rules): Promise<Merchant> {
  for (const owner of await ownersOf(options, rules)) {
    if (await rules.customers.findBy(owner, { kind: 'id', id })) return owner;
  }
  throw notFound('Customer');
}

function toExternalId(text: string): string {
  if (externalId.safeParse(text).success) return text;
  throw new StartupError('An id of your own has 1 to 255 printable characters.');
}

function toBucket(text: string): UnresolvedBucket {
  if (text === 'PENDING' || text === 'NEEDS_ATTENTION') return text;
  throw new StartupError('--bucket must be PENDING or NEEDS_ATTENTION.');
}

const newestFirst = <Item extends { readonly id: string }>(items: readonly Item[]) =>
  items.toSorted((one, other) => (one.id < other.id ? 1 : -1));

const listed = (records: readonly (CustomerRecord & Pick<Merchant, 'environment'>)[]): Output => ({
  json: records,
  text: table(
    ['ID', 'ENVIRONMENT', 'USER OR ORGANIZATION', 'E-MAIL', 'STRIPE', 'SOURCE', 'CREATED'],
    records.map((customer) => [
      customer.id,
      customer.environment,
      customer.externalUserId ?? customer.externalOrganizationId ?? '(nobody yet)',
      customer.email ?? '',
      customer.stripeCustomerId ?? '',
      customer.source,
      customer.createdAt.toISOString(),
    ]),
  ),
});
