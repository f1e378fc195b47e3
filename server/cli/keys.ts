import type { Command } from 'commander';
import type { Merchant } from '../../schema/context.ts';
import { notFound } from '../../schema/errors.ts';
import { isKeyId, type KeyId } from '../../schema/id.ts';
import type { CreatedSecretKey, SecretKeyRecord } from '../secret-keys.ts';
import { StartupError } from '../startup-error.ts';
import type { Rules } from '../rules.ts';
import { type Output, type OwnerOptions, ownerOf, ownersOf, run, table, withOwner } from './run.ts';

interface EndingOptions extends OwnerOptions {
  readonly keepSessions?: true;
}

/** `billingos keys create|list|roll|revoke` */
export function addKeysCommands(program: Command): void {
  const keys = program.command('keys').description('Secret keys: what a merchant’s server calls the API with.');

  withOwner(keys.command('create').description('Make a key. It is shown once.'), 'test')
    .option('-n, --name <name>', 'what it is for', 'Key')
    .action((options: OwnerOptions & { name: string }, command: Command) =>
      run(command, async (rules) =>
        created(await rules.secretKeys.create(await ownerOf(options, rules), options.name)),
      ),
    );

  withOwner(
    keys.command('list').description('Every key that was ever made, by environment, newest first.'),
    'both',
  ).action((options: OwnerOptions, command: Command) =>
    run(command, async (rules) => {
      const owners = await ownersOf(options, rules);
      return listed((await Promise.all(owners.map((owner) => rules.secretKeys.list(owner)))).flat());
    }),
  );

  withOwner(keys.command('roll').description('Make a key in place of another, which ends after an overlap.'), 'found')
    .argument('<id>', 'which key', toKeyId)
    .option('--expires-in <duration>', 'how long the old key still works: 30s, 15m, 24h, 7d', toMilliseconds, 0)
    .option('--keep-sessions', 'leave the sessions of the old key until they expire')
    .action((id: KeyId, options: EndingOptions & { expiresIn: number }, command: Command) =>
      run(command, async (rules) =>
        created(
          await rules.secretKeys.roll(await ownerOfKey(id, options, rules), id, {
            overlapMs: options.expiresIn,
            sessions: sessionsOf(options),
          }),
        ),
      ),
    );

  withOwner(keys.command('revoke').description('End a key now, and the sessions that it created.'), 'found')
    .argument('<id>', 'which key', toKeyId)
    .option('--keep-sessions', 'leave its sessions until they expire')
    .action((id: KeyId, options: EndingOptions, command: Command) =>
      run(command, async (rules) => {
        const owner = await ownerOfKey(id, options, rules);
        return listed([await rules.secretKeys.revoke(owner, id, { sessions: sessionsOf(options) })]);
      }),
    );
}

/** An id is unique, so that its environment need not be said. */
async function ownerOfKey(id: KeyId, options: OwnerOptions, rules: Rules): Promise<Merchant> {
  const owners = await ownersOf(options, rules);
  const keys = await Promise.all(owners.map((owner) => rules.secretKeys.byId(owner, id)));
  const owner = owners.find((_owner, index) => keys[index] !== null);
  if (!owner) throw notFound('Secret key');
  return owner;
}

const sessionsOf = ({ keepSessions }: EndingOptions) => (keepSessions ? 'keep' : 'revoke');

const created = ({ secretKey, record }: CreatedSecretKey): Output => ({
  json: { ...record, secretKey },
  text: `${secretKey}\nThis key (${record.id}) is not shown again.`,
});

const listed = (records: readonly SecretKeyRecord[]): Output => ({
  json: records,
  text: table(
    ['ID', 'NAME', 'KEY', 'CREATED', 'ENDS'],
    records.map(({ id, name, environment, lastFour, createdAt, endsAt }) => [
      id,
      name,
      `sk_${environment}_…${lastFour}`,
      createdAt.toISOString(),
      endsAt?.toISOString() ?? 'never',
    ]),
  ),
});

function toKeyId(text: string): KeyId {
  if (!isKeyId(text)) throw new StartupError('A key is named by its id: key_… (see billingos keys list).');
  return text;
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function toMilliseconds(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = unitsMs[unit];
  if (amount === undefined || unitMs === undefined)
    throw new StartupError('A duration is a number and a unit: 30s, 15m, 24h, 7d.');
  return Number(amount) * unitMs;
}
