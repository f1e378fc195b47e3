import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartupError } from '../../startup-error.ts';
import { socketPort, type SocketConnection } from '../connection.ts';
import { accountFor, type Account } from './account.ts';

/** Where everything of one embedded PostgreSQL lies, and who owns it. */
export interface Home {
  /** Absolute, without symbolic links. */
  dataDirectory: string;
  cluster: string;
  socketDirectory: string;
  account: Account | undefined;
  connection: SocketConnection;
}

// What macOS takes; Linux takes 107.
const longestSocketPathBytes = 103;

/** Makes the data directory if need be. */
export async function openHome(path: string): Promise<Home> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const dataDirectory = await realpath(path);
  const cluster = join(dataDirectory, 'postgres');
  const account = await accountFor(cluster);
  if (account) await letThrough(dataDirectory);
  const socketDirectory = await makeSocketDirectory(dataDirectory, account);
  const connection: SocketConnection = {
    kind: 'socket',
    directory: socketDirectory,
    user: 'postgres',
    database: 'postgres',
  };
  return { dataDirectory, cluster, socketDirectory, account, connection };
}

/** Another account may pass through the directory, and still not list it. */
async function letThrough(directory: string): Promise<void> {
  const { mode } = await stat(directory);
  await chmod(directory, (mode & 0o7777) | 0o011);
}

async function makeSocketDirectory(dataDirectory: string, account: Account | undefined): Promise<string> {
  const beside = join(dataDirectory, 'socket');
  const fits = Buffer.byteLength(join(beside, `.s.PGSQL.${socketPort}`)) <= longestSocketPathBytes;
  const directory = fits ? beside : temporaryDirectory('socket', dataDirectory);
  await makeOwned(directory, 0o700, account);
  return directory;
}

/** A place in the system's temporary directory that every process finds again for the same data directory. */
export function temporaryDirectory(purpose: string, dataDirectory: string): string {
  const hash = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  return join(tmpdir(), `billingos-${purpose}-${hash}`);
}

/** Makes the directory, or takes the existing one if nobody else can have put it there. */
export async function makeOwned(directory: string, mode: number, account: Account | undefined): Promise<void> {
  await mkdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(directory);
  const ours = [process.getuid?.(), account?.uid].includes(found.uid);
  if (!found.isDirectory() || !ours) throw new StartupError(`${directory} belongs to somebody else.`);
  await chmod(directory, mode);
  if (account) await chown(directory, account.uid, account.gid);
}
