/** Runs what shares a key one after the other, and everything else side by side. */
export function createTurns() {
  const last = new Map<string, Promise<unknown>>();

  return <Result>(key: string, work: () => Promise<Result>): Promise<Result> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    const leave = () => void (last.get(key) === turn && last.delete(key));
    last.set(key, turn);
    turn.then(leave, leave);
    return turn;
  };
}
