import { readdir, readFile } from 'node:fs/promises';

const kibPerMib = 1_024;

/** What the kernel counts for one process, shared pages included (Linux only). */
export async function residentMib(pid: number): Promise<number> {
  return kibOf('VmRSS', await readFile(`/proc/${pid}/status`, 'utf8')) / kibPerMib;
}

/** What all processes below this one hold together: pages that several of them share count once (Linux only). */
export async function descendantsMib(pid: number): Promise<number> {
  const below = descendantsOf(pid, await parents());
  const maps = await Promise.all(below.map((id) => readFile(`/proc/${id}/smaps_rollup`, 'utf8')));
  return maps.reduce((sum, text) => sum + kibOf('Pss', text), 0) / kibPerMib;
}

function descendantsOf(pid: number, parentById: ReadonlyMap<number, number>): number[] {
  const children = [...parentById].filter(([, parent]) => parent === pid).map(([id]) => id);
  return children.flatMap((child) => [child, ...descendantsOf(child, parentById)]);
}

/** The parent of every process. One that ends meanwhile is left out. */
async function parents(): Promise<Map<number, number>> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.allSettled(ids.map((id) => readFile(`/proc/${id}/stat`, 'utf8')));
  // The name stands in brackets and may hold anything; after it come the state and the parent.
  return new Map(
    stats.flatMap((result, index) => {
      const parent = result.status === 'fulfilled' ? /\) \S (\d+)[^)]*$/.exec(result.value)?.[1] : undefined;
      return parent === undefined ? [] : [[Number(ids[index]), Number(parent)] as const];
    }),
  );
}

const kibOf = (name: string, text: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
