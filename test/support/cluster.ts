import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';

/** Puts a cluster that nobody has used into a data directory: a second less than the first start takes to make one. */
export async function addCluster(dataDirectory: string): Promise<void> {
  await copyCluster(inject('cluster'), join(dataDirectory, 'postgres'));
}

/** By `cp`: the owner of a cluster is who runs it, and Node's copy would make it ours. */
export async function copyCluster(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-Rp', from, to]);
}
