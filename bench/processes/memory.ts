import { readFile } from 'node:fs/promises';
import { descendantsOf } from './descendants.ts';

const kibPerMib = 1_024;

/** What the kernel counts for one process, shared pages included (Linux only). */
export async function residentMib(pid: number): Promise<number> {
  return kibOf('VmRSS', await readFile(`/proc/${pid}/status`, 'utf8')) / kibPerMib;
}

/** What all processes below this one hold together: pages that several of them share count once (Linux only). */
export async function descendantsMib(pid: number): Promise<number> {
  const below = await descendantsOf(pid);
  const maps = await Promise.all(below.map((id) => readFile(`/proc/${id}/smaps_rollup`, 'utf8')));
  return maps.reduce((sum, text) => sum + kibOf('Pss', text), 0) / kibPerMib;
}

const kibOf = (name: string, text: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
