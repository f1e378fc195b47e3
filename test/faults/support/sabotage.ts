type Functions = Record<string, Record<string, unknown>>;

/** Which functions were called by which requests, and the one that fails, and how. */
export interface Saboteur {
  readonly called: Map<string, Set<number>>;
  request: number;
  target: string | undefined;
  misbehave: () => unknown;
}

export const createSaboteur = (): Saboteur => ({
  called: new Map(),
  request: 0,
  target: undefined,
  misbehave: () => undefined,
});

/** The same functions, until one of them is the target. */
export function sabotaged<Parts extends object>(parts: Parts, saboteur: Saboteur): Parts {
  const wrap = (part: unknown, name: string): unknown => {
    if (typeof part === 'function') return fallible(part as (...given: unknown[]) => unknown, name, saboteur);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, wrap(value, `${name}.${key}`)]));
  };
  return Object.fromEntries(
    Object.entries(parts as Functions).map(([name, part]) => [name, wrap(part, name)]),
  ) as unknown as Parts;
}

const fallible =
  (work: (...given: unknown[]) => unknown, name: string, saboteur: Saboteur) =>
  (...given: unknown[]): unknown => {
    saboteur.called.set(name, (saboteur.called.get(name) ?? new Set()).add(saboteur.request));
    return saboteur.target === name ? saboteur.misbehave() : work(...given);
  };
