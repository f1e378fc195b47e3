import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { SessionRecord } from '../../schema/context.ts';
import { ApiError, notFound } from '../../schema/errors.ts';
import type { Rules } from '../rules.ts';
import { StartupError } from '../startup-error.ts';
import { environmentOfToken } from '../token/token.ts';
import { detailed, type Output, type OwnerOptions, ownersOf, run, table, toCount, withOwner } from './run.ts';

interface ListOptions extends OwnerOptions {
  readonly customer?: string;
  readonly key?: string;
  readonly active?: true;
  readonly limit: number;
}

/** `billingos sessions list|revoke|inspect` */
export function addSessionsCommands(program: Command): void {
  const sessions = program.command('sessions').description('Sessions: what a customer’s browser calls the API with.');

  withOwner(sessions.command('list').description('Sessions, newest first.'), 'both')
    .option('--customer <id>', 'of this customer')
    .option('--key <id>', 'created by this secret key')
    .option('--active', 'only those whose token counts now')
    .option('--limit <count>', 'how many at most', toCount, 20)
    .action((options: ListOptions, command: Command) =>
      run(command, async (rules) => {
        const filter = { customerId: options.customer, keyId: options.key, active: options.active };
        const request = { first: options.limit, after: undefined };
        const owners = await ownersOf(options, rules);
        const pages = await Promise.all(owners.map((owner) => rules.sessions.list(owner, request, filter)));
        const newestFirst = pages.flatMap(({ items }) => items).toSorted((one, other) => (one.id < other.id ? 1 : -1));
        return listed(newestFirst.slice(0, options.limit));
      }),
    );

  withOwner(sessions.command('revoke <id>').description('End a session now.'), 'found').action(
    (id: string, options: OwnerOptions, command: Command) =>
      run(command, async (rules) => {
        const { owner } = await findSession(id, options, rules);
        return listed([await rules.sessions.revoke(owner, id)]);
      }),
  );

  withOwner(
    sessions
      .command('inspect <id-or-dash>')
      .description('All about a session; with -, about a token on standard input.'),
    'found',
  ).action((idOrDash: string, options: OwnerOptions, command: Command) =>
    run(command, async (rules) => {
      if (idOrDash === '-') return inspectToken((await readAll(process.stdin)).trim(), rules);
      return detailed((await findSession(idOrDash, options, rules)).session);
    }),
  );
}

/** An id is unique, so that its environment need not be said. */
async function findSession(id: string, options: OwnerOptions, rules: Rules) {
  for (const owner of await ownersOf(options, rules)) {
    const [session] = await rules.sessions.find(owner, [id]);
    if (session) return { owner, session };
  }
  throw notFound('Session');
}

/** Why a token is refused is for the operator to know: the API tells callers less. */
async function inspectToken(token: string, rules: Rules): Promise<Output> {
  const environment = environmentOfToken(token);
  if (!environment) throw new StartupError('This is not a session token: it begins with neither prefix.');
  try {
    const claims = await rules.acceptToken(token, environment);
    const [session] = await rules.sessions.find({ kind: 'merchant', ...claims }, [claims.sessionId]);
    return session ? detailed(session) : refused('NOT_FOUND');
  } catch (error) {
    if (error instanceof ApiError) return refused(error.code);
    throw error;
  }
}

const refused = (reason: string): Output => ({
  json: { status: 'refused', reason },
  text: `The token is refused: ${reason}`,
});

const listed = (sessions: readonly SessionRecord[]): Output => ({
  json: sessions,
  text: table(
    ['ID', 'ENVIRONMENT', 'STATUS', 'CUSTOMER', 'USER', 'CREATED', 'EXPIRES', 'LAST USED'],
    sessions.map((session) => [
      session.id,
      session.environment,
      session.status,
      session.customerId,
      session.externalUserId,
      session.createdAt.toISOString(),
      session.expiresAt.toISOString(),
      session.lastUsedAt?.toISOString() ?? 'never',
    ]),
  ),
});
