import { onTestFinished } from 'vitest';

/** What the runtime is told of in this test, in place of the test runner. */
export function reportedErrors(): unknown[] {
  const errors: unknown[] = [];
  const runner = process.rawListeners('uncaughtException') as NodeJS.UncaughtExceptionListener[];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => errors.push(error));
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of runner) process.on('uncaughtException', listener);
  });
  return errors;
}
