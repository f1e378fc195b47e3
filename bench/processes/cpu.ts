import { readFile } from 'node:fs/promises';
import { descendantsOf } from './descendants.ts';

/** USER_HZ, in which Linux tells processor times to programs. */
const ticksPerSecond = 100;

/** What a process has used of all cores since it began, all its threads together; `undefined` where there is no /proc. */
export async function cpuSecondsOf(pid: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name stands in brackets and may hold anything; the times are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** The same of every PostgreSQL process below this one, together; 0 where there is no /proc. One that has ended counts no more. */
export async function postgresCpuSeconds(): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const found = await Promise.allSettled(
    (await descendantsOf(process.pid)).map(async (pid) => {
      const name = await readFile(`/proc/${pid}/comm`, 'utf8');
      return name.startsWith('postgres') ? ((await cpuSecondsOf(pid)) ?? 0) : 0;
    }),
  );
  return found.reduce((sum, result) => sum + (result.status === 'fulfilled' ? result.value : 0), 0);
}
