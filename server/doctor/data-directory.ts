import { access, constants, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { StartupError } from '../startup-error.ts';
import { failure, ok } from './finding.ts';

type Place = Pick<Config, 'database' | 'dataDirectory' | 'masterKey'>;

const isWritableByOthers = (mode: number) => (mode & 0o022) !== 0;
const isOpenToOthers = (mode: number) => (mode & 0o077) !== 0;

/** That the server may write there, and nobody else may write there or read the master key. */
export async function checkDataDirectory({ database, dataDirectory, masterKey }: Place) {
  if (database.kind === 'url') return ok('not used: the database is your own');
  const directory = await stat(dataDirectory).catch(() => undefined);
  if (!directory?.isDirectory()) return failure(`${dataDirectory} is not there: start the server once`);
  if (isWritableByOthers(directory.mode)) return failure(`${dataDirectory} can be written by others: chmod go-w`);
  await access(dataDirectory, constants.R_OK | constants.W_OK | constants.X_OK);
  if (masterKey !== undefined) return ok(dataDirectory);
  const path = masterKeyPath(dataDirectory);
  const file = await stat(path).catch(() => undefined);
  if (!file) return failure(`${path} is not there: restore it, no other key opens the database`);
  if (isOpenToOthers(file.mode)) return failure(`${path} is open to others: chmod 600`);
  return ok(dataDirectory);
}

/** The key that the server would use; unlike the server, this makes none. */
export async function readMasterKey({ dataDirectory, masterKey }: Place): Promise<string> {
  if (masterKey !== undefined) return masterKey;
  const text = await readFile(masterKeyPath(dataDirectory), 'utf8').catch((cause: unknown) => {
    throw new StartupError(`${masterKeyPath(dataDirectory)} cannot be read`, { cause });
  });
  return text.trim();
}

const masterKeyPath = (dataDirectory: string) => join(dataDirectory, 'master-key');
