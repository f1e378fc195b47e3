import type { Command } from 'commander';
import { serve } from '../main.ts';

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('Run the server. It is configured by environment variables: see the README.')
    .action(() =>
      serve({
        env: process.env,
        stdout: process.stdout,
        stderr: process.stderr,
        exit: (code) => process.exit(code),
        onStopSignal(stop) {
          process.once('SIGTERM', stop);
          process.once('SIGINT', stop);
        },
      }),
    );
}
