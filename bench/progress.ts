/** Tells whoever waits how far it is. */
export const say = (line: string): void => console.error(line);

export const secondsSince = (startedAt: number): number => Math.round((performance.now() - startedAt) / 1_000);
