import { access, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Makes a directory that is either complete or absent: `fill` gets a sibling, which takes the target's name at the end.
 * Of several processes that make the same one the first wins, and the others take what it made.
 */
export async function makeComplete(target: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const draft = await mkdtemp(`${target}.new-`);
  try {
    await fill(draft);
    await rename(draft, target);
  } catch (error) {
    await remove(draft);
    if (!(await isThere(target))) throw error;
  }
}

/** Removes what killed processes left. Only for a target that exists: no draft can become it any more. */
export async function removeDrafts(target: string): Promise<void> {
  const prefix = `${basename(target)}.new-`;
  const drafts = (await readdir(dirname(target))).filter((name) => name.startsWith(prefix));
  await Promise.all(drafts.map((name) => remove(join(dirname(target), name))));
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function remove(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
}
