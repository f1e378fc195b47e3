import type { Command } from 'commander';
import type { CustomerRecord, Merchant, UnresolvedBucket } from '../../schema/context.ts';
import { notFound } from '../../schema/errors.ts';
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

  withOwner(customers.command('list').description('Customers, newest first.'))
    .option('--email <address>', 'with this address')
    .option('--limit <count>', 'how many at most', toCount, 20)
    .action((options: ListOptions, command: Command) =>
      run(command, async (rules) => {
        const owners = await ownersOf(options, rules);
        const request = { first: options.limit, after: undefined };
        const pages = await Promise.all(
          owners.map((owner) => rules.customers.list(owner, request, { email: options.email })),
        );
        return listed(pages.flatMap(({ items }) => items).slice(0, options.limit));
      }),
    );

  withOwner(
    customers.command('show <id>').description('All about a customer, and how it came to be whose it is.'),
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

  withOwner(customers.command('unresolved').description('Imported customers that are nobody’s yet, and why.'))
    .option('--bucket <bucket>', 'PENDING or NEEDS_ATTENTION', toBucket)
    .option('--limit <count>', 'how many at most', toCount, 20)
    .action((options: ListOptions & { bucket?: UnresolvedBucket }, command: Command) =>
      run(command, async (rules) => {
        const request = { first: options.limit, after: undefined };
        const owners = await ownersOf(options, rules);
        const pages = await Promise.all(
          owners.map((owner) => rules.binding.listUnresolved(owner, request, options.bucket)),
        );
        const found = pages.flatMap(({ items }) => items).slice(0, options.limit);
        const rows = found.map(({ customer, bucket, reason }) => [
          customer.id,
          customer.stripeCustomerId ?? '',
          customer.email ?? '',
          bucket,
          reason,
        ]);
        return { json: found, text: table(['ID', 'STRIPE', 'E-MAIL', 'BUCKET', 'REASON'], rows) };
      }),
    );

  withOwner(customers.command('bind <id>').description('Say whose an imported customer is, once.'))
    .option('--user <id>', 'your own id of the user')
    .option('--organization <id>', 'your own id of the organization')
    .action((id: string, options: OwnerOptions & { user?: string; organization?: string }, command: Command) =>
      run(command, async (rules) => {
        const owner = await ownerOfCustomer(id, options, rules);
        return detailed(await rules.binding.bind(owner, id, identityOf(options)));
      }),
    );

  withOwner(customers.command('delete <id>').description('Forget a customer, and end its sessions now.')).action(
    (id: string, options: OwnerOptions, command: Command) =>
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

function toBucket(text: string): UnresolvedBucket {
  if (text === 'PENDING' || text === 'NEEDS_ATTENTION') return text;
  throw new StartupError('--bucket must be PENDING or NEEDS_ATTENTION.');
}

const listed = (records: readonly CustomerRecord[]): Output => ({
  json: records,
  text: table(
    ['ID', 'USER OR ORGANIZATION', 'E-MAIL', 'STRIPE', 'SOURCE', 'CREATED'],
    records.map((customer) => [
      customer.id,
      customer.externalUserId ?? customer.externalOrganizationId ?? '(nobody yet)',
      customer.email ?? '',
      customer.stripeCustomerId ?? '',
      customer.source,
      customer.createdAt.toISOString(),
    ]),
  ),
});
