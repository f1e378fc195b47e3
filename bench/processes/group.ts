interface Stoppable {
  stop(): Promise<void> | void;
}

/** Hands over `keep`: whatever is given to it is stopped at the end, the newest first. */
export async function withProcesses<Result>(
  use: (keep: <Kept extends Stoppable>(process: Kept) => Kept) => Promise<Result>,
): Promise<Result> {
  const kept: Stoppable[] = [];
  try {
    return await use((process) => {
      kept.push(process);
      return process;
    });
  } finally {
    for (const process of kept.toReversed()) await process.stop();
  }
}
