import type { Command } from 'commander';

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('Run the server. It is configured by environment variables: README.md lists them under Configuration.')
    .action(async () => {
      // Loaded when it is asked for: it takes longer than the other commands take altogether.
      const { serve } = await import('../main.ts');
      // Who reads the log may end before the server does, which is no reason to follow.
      for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
      await serve({
        env: process.env,
        stdout: process.stdout,
        stderr: process.stderr,
        exit: (code) => process.exit(code),
        onExit: (last) => void process.once('exit', last),
        onStopSignal(stop) {
          process.once('SIGTERM', stop);
          process.once('SIGINT', stop);
        },
      });
    });
}
