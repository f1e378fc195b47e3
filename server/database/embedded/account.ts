import { readFile, stat } from 'node:fs/promises';
import { StartupError } from '../../startup-error.ts';

/** The operating system's user that PostgreSQL runs as when it cannot run as ours. */
export interface Account {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root: root hands it to whoever owns the cluster already, else to `nobody`. */
export async function accountFor(cluster: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  // Elsewhere `nobody` is a negative number and there is no /proc to enter the cluster by.
  if (process.platform !== 'linux') {
    throw new StartupError('PostgreSQL refuses to run as root: run as an ordinary user, or set DATABASE_URL.');
  }
  const owner = await stat(cluster).catch(() => undefined);
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : nobody();
}

async function nobody(): Promise<Account> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(users) ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}
