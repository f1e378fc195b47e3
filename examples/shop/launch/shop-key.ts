import { runCommand } from './command.ts';
import type { Settings } from './settings.ts';

const name = 'Demo shop';

/** As the command line prints it. */
interface Key {
  readonly id: string;
  readonly name: string;
  readonly endsAt: string | null;
}

export type ShopKey = Key & { readonly secretKey: string };

/** A secret key for this run of the shop. A real shop gets one once, and keeps it with its other secrets. */
export const createShopKey = async (env: Settings['env']): Promise<ShopKey> =>
  (await runCommand(['keys', 'create', '--name', name], env)) as ShopKey;

/** Keys of runs that were killed before they could end theirs. */
export async function endOlderKeys(current: Key, env: Settings['env']): Promise<void> {
  const keys = (await runCommand(['keys', 'list'], env)) as Key[];
  const older = keys.filter((key) => key.name === name && key.endsAt === null && key.id !== current.id);
  for (const key of older) await endKey(key, env);
}

export const endKey = ({ id }: Key, env: Settings['env']) => runCommand(['keys', 'revoke', id, '--keep-sessions'], env);
