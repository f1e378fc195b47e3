#!/usr/bin/env node
// First: libraries read it when they are loaded.
import './production.ts';
import { Command, CommanderError } from 'commander';
import { ApiError } from '../../schema/errors.ts';
import { createLogger } from '../log.ts';
import { StartupError } from '../startup-error.ts';
import { version } from '../version.ts';
import { addCatalogCommands } from './catalog.ts';
import { addCustomersCommands } from './customers.ts';
import { addDoctorCommand } from './doctor.ts';
import { addImportCommands } from './import.ts';
import { addKeysCommands } from './keys.ts';
import { addMerchantCommand } from './merchant.ts';
import { addServeCommand } from './serve.ts';
import { addSessionsCommands } from './sessions.ts';
import { addSigningKeysCommands } from './signing-keys.ts';
import { addStripeCommands } from './stripe.ts';

const program = new Command('billingos')
  .description('Billing inside an app: the server, its keys, sessions, customers and catalog.')
  .option('--json', 'print JSON, for scripts')
  .version(version)
  .showHelpAfterError()
  .exitOverride();

addServeCommand(program);
addKeysCommands(program);
addSessionsCommands(program);
addCustomersCommands(program);
addMerchantCommand(program);
addCatalogCommands(program);
addImportCommands(program);
addStripeCommands(program);
addSigningKeysCommands(program);
addDoctorCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** What the user can act on is one line; anything else is a bug and keeps its stack, but not what it quotes. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (isExpected(error)) process.stderr.write(`${error.message}\n`);
  // Node would print what a failed statement was given, addresses among it.
  else createLogger({ level: 'error', destination: process.stderr }).error({ err: error }, 'the command failed');
  return 1;
}

/** A StartupError, or an ApiError, which carries a code of the table. */
function isExpected(error: unknown): error is Error {
  return error instanceof StartupError || error instanceof ApiError;
}
