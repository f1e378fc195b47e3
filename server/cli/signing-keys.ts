import type { Command } from 'commander';
import { type Environment, environments } from '../../schema/environment.ts';
import type { Rules } from '../rules.ts';
import type { SigningKeyRecord } from '../token/signing-keys.ts';
import { type Output, run, table, withEnvironment } from './run.ts';

interface Options {
  /** Both when left out: these keys belong to no merchant. */
  readonly environment?: Environment;
}

/** `billingos signing-keys list|rotate|drop` */
export function addSigningKeysCommands(program: Command): void {
  const keys = program.command('signing-keys').description('Signing keys: what session tokens are signed with.');

  withEnvironment(
    keys.command('list').description('Every key and its state, by environment, newest first.'),
    'both',
  ).action((options: Options, command: Command) => run(command, async (rules) => listed(await list(options, rules))));

  withEnvironment(
    keys
      .command('rotate')
      .description('Make the next key, unless there is one. It is published now, and signs in 24 hours and 5 minutes.'),
    'both',
  )
    .option('--now', 'let it sign in ten seconds, also one that is there already')
    .action((options: Options & { now?: true }, command: Command) =>
      run(command, async (rules) => {
        for (const environment of environmentsOf(options)) {
          await rules.signingKeys.rotate(environment, options.now ? 'soon' : 'published');
        }
        return listed(await list(options, rules), options.now && askAgain);
      }),
    );

  keys
    .command('drop')
    .description(
      'A key that leaked: refuse everything that it signed, now. If it was the active one, another takes over. This cannot be undone.',
    )
    .argument('<kid>', 'which key: see billingos signing-keys list')
    .action((kid: string, _options: object, command: Command) =>
      run(command, async (rules) => {
        const environment = await rules.signingKeys.drop(kid);
        return listed(
          await list({ environment }, rules),
          `Nothing that ${kid} signed counts any more; browsers get new tokens by themselves. ${askAgain}`,
        );
      }),
    );
}

const environmentsOf = ({ environment }: Options) => (environment === undefined ? environments : [environment]);

async function list(options: Options, rules: Rules): Promise<SigningKeyRecord[]> {
  const known = await Promise.all(environmentsOf(options).map((environment) => rules.signingKeys.list(environment)));
  return known.flat();
}

const askAgain = 'Services that check tokens offline have to ask for the public keys again.';

const listed = (records: readonly SigningKeyRecord[], remark?: string): Output => ({
  json: records,
  text: [
    table(
      ['KID', 'ENVIRONMENT', 'STATE', 'CREATED', 'SIGNS FROM', 'RETIRES', 'GONE'],
      records.map(({ kid, environment, state, createdAt, activeFrom, retiredFrom, goneFrom }) => [
        kid,
        environment,
        state,
        ...[createdAt, activeFrom, retiredFrom, goneFrom].map((moment) => moment?.toISOString() ?? 'not yet'),
      ]),
    ),
    remark ?? [],
  ]
    .flat()
    .join('\n'),
});
