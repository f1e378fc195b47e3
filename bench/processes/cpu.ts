import { readFile } from 'node:fs/promises';
import { descendantsOf } from './descendants.ts';

/** USER_HZ, in which Linux tells processor times to programs. */
const ticksPerSecond = 100;

/** What a process has used of all cores since it began, all its threads together; `undefined` where there is no /proc. */
export async function cpuSecondsOf(pid: number): Promise<number | undefined> {
  return process.platform === 'linux' ? (await timesOf(pid)).own : undefined;
}

/** Its own, and that of its children which have ended. */
async function timesOf(pid: number): Promise<Record<'own' | 'ofEnded', number>> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name stands in brackets and may hold anything; the times are the 12th to 15th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const seconds = (index: number) => Number(fields[index]) / ticksPerSecond;
  return { own: seconds(11) + seconds(12), ofEnded: seconds(13) + seconds(14) };
}

/** The same of every PostgreSQL process below this one, together, those that have ended among them; 0 where there is no /proc. */
export async function postgresCpuSeconds(): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const found = await Promise.allSettled(
    (await descendantsOf(process.pid)).map(async (pid) => {
      const name = await readFile(`/proc/${pid}/comm`, 'utf8');
      if (!name.startsWith('postgres')) return 0;
      const { own, ofEnded } = await timesOf(pid);
      return own + ofEnded;
    }),
  );
  return found.reduce((sum, result) => sum + (result.status === 'fulfilled' ? result.value : 0), 0);
}
