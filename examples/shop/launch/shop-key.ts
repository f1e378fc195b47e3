import { runCommand } from './command.ts';
import type { Settings } from './settings.ts';

const name = 'Demo shop';

/** As the command line prints it. */
interface Key {
  readonly id: string;
  readonly name: string;
  readonly endsAt: string | null;
}

/** The secret key of one run of the shop. A real shop gets one once, and keeps it with its other secrets. */
export function createShopKey(env: Settings['env']) {
  let current: Key | undefined;
  let isLeaving = false;
  let underWay: Promise<unknown> = Promise.resolve();

  function run(...args: readonly string[]): Promise<unknown> {
    const command = runCommand(['keys', ...args], env);
    underWay = command.catch(() => undefined);
    return command;
  }
  const end = (key: Key) => run('revoke', key.id, '--keep-sessions');

  return {
    async make(): Promise<string> {
      const made = (await run('create', '--name', name)) as Key & { secretKey: string };
      current = made;
      return made.secretKey;
    },

    /** Ends the keys of runs that were killed before they could do so. */
    async tidy(): Promise<void> {
      const keys = (await run('list')) as Key[];
      const older = keys.filter((key) => key.name === name && key.endsAt === null && key.id !== current?.id);
      for (const key of older) {
        if (isLeaving) return;
        await end(key);
      }
    },

    /** Begins nothing more, and settles when nothing is under way: a command may be using the service's database. */
    async leave(): Promise<void> {
      isLeaving = true;
      await underWay;
    },

    async end(): Promise<void> {
      if (current) await end(current);
    },
  };
}
