import { readdir, readFile } from 'node:fs/promises';

/** All processes below this one, as Linux tells. */
export async function descendantsOf(pid: number): Promise<number[]> {
  return below(pid, await parents());
}

function below(pid: number, parentById: ReadonlyMap<number, number>): number[] {
  const children = [...parentById].filter(([, parent]) => parent === pid).map(([id]) => id);
  return children.flatMap((child) => [child, ...below(child, parentById)]);
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
