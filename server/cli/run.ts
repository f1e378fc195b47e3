import type { Command } from 'commander';
import type { Merchant } from '../../schema/context.ts';
import { type Environment, environments } from '../../schema/environment.ts';
import { readConfig } from '../config.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { createLogger } from '../log.ts';
import type { MerchantRecord } from '../merchants.ts';
import type { Rules } from '../rules.ts';
import { StartupError } from '../startup-error.ts';

/** What a command prints: for scripts all of it, for people these lines. */
export interface Output {
  readonly json: unknown;
  readonly text: string;
  /** What it did is not what was asked for: scripts see it by the exit code. */
  readonly isFailure?: boolean;
}

/** Opens the database, also beside a running server, runs one command, prints its output, and closes again. */
export async function run(
  command: Command,
  action: (rules: Rules, installation: Installation) => Promise<Output>,
): Promise<void> {
  const config = readConfig(process.env);
  const logger = createLogger({ level: 'error', destination: process.stderr });
  const installation = await openInstallation({ config, logger, mode: 'beside' });
  try {
    print(command, await action(installation.rules, installation));
  } finally {
    await installation.close();
  }
}

export function print(command: Command, output: Output): void {
  const isJson = command.optsWithGlobals<{ json?: true }>().json;
  process.stdout.write(`${isJson ? JSON.stringify(output.json, null, 2) : output.text}\n`);
  if (output.isFailure) process.exitCode = 1;
}

export interface OwnerOptions {
  /** What is meant when left out: see `leftOut`. */
  readonly environment?: Environment;
  readonly merchant?: string;
}

/** What is meant without `--environment`. */
const leftOut = {
  test: 'test when left out',
  both: 'both when left out',
  found: 'when left out, the one that the id or the token is of',
  same: 'makes no difference here',
} as const;

export const withEnvironment = (command: Command, otherwise: keyof typeof leftOut): Command =>
  command.option(
    '-e, --environment <environment>',
    `${environments.join(' or ')}; ${leftOut[otherwise]}`,
    toEnvironment,
  );

/** Options that say whose keys or sessions are meant. */
export const withOwner = (command: Command, otherwise: keyof typeof leftOut): Command =>
  withEnvironment(command, otherwise).option('-m, --merchant <id>', 'which merchant, when there are several');

/** The owners that are meant: in one environment, or in both when none is named. */
export async function ownersOf({ environment, merchant }: OwnerOptions, rules: Rules): Promise<Merchant[]> {
  const known = await rules.merchants.list();
  const wanted = merchant === undefined ? known : known.filter(({ id }) => id === merchant);
  const [only, ...others] = wanted;
  if (!only) throw new StartupError(merchant ? 'There is no such merchant.' : noMerchantYet);
  if (others.length > 0) throw new StartupError(`Say which merchant with --merchant: ${namesOf(known)}.`);
  const wantedEnvironments = environment === undefined ? environments : [environment];
  return wantedEnvironments.map((each) => ({ kind: 'merchant', merchantId: only.id, environment: each }));
}

/** Where something new goes: the sandbox, unless another environment is named. */
export async function ownerOf({ environment = 'test', ...options }: OwnerOptions, rules: Rules): Promise<Merchant> {
  const [owner] = await ownersOf({ environment, ...options }, rules);
  if (!owner) throw new StartupError(noMerchantYet);
  return owner;
}

const noMerchantYet = 'There is no merchant yet: start the server once (billingos serve).';

const namesOf = (merchants: readonly MerchantRecord[]) => merchants.map(({ id, name }) => `${id} (${name})`).join(', ');

function toEnvironment(text: string): Environment {
  const environment = environments.find((known) => known === text);
  if (!environment) throw new StartupError(`--environment must be ${environments.join(' or ')}.`);
  return environment;
}

/** Columns as wide as their longest cell. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_cell, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        // What others wrote must not steer the terminal.
        .map((cell, column) => cell.replaceAll(/\p{Cc}/gu, ' ').padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One thing, a field a line. */
export const detailed = (thing: object): Output => ({
  json: thing,
  text: table(
    ['FIELD', 'VALUE'],
    Object.entries(thing).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : (JSON.stringify(value) ?? ''),
    ]),
  ),
});

/** The value of `--limit`. */
export function toCount(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1) throw new StartupError('--limit must be 1 to 999.');
  return Number(text);
}
