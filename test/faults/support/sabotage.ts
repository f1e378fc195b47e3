type Functions = Record<string, Record<string, unknown>>;

/** Which functions were called by which requests, and the one that fails, and what it throws. */
export interface Saboteur {
  readonly called: Map<string, Set<number>>;
  /** Of these, the ones that promise: they do not throw, they reject. */
  readonly promising: Set<string>;
  request: number;
  target: string | undefined;
  thrown: () => unknown;
}

export const createSaboteur = (): Saboteur => ({
  called: new Map(),
  promising: new Set(),
  request: 0,
  target: undefined,
  thrown: () => undefined,
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
    if (saboteur.target === name && saboteur.promising.has(name)) return reject(saboteur.thrown());
    if (saboteur.target === name) throw saboteur.thrown();
    const result = work(...given);
    if (result instanceof Promise) saboteur.promising.add(name);
    return result;
  };

async function reject(thrown: unknown): Promise<never> {
  throw thrown;
}
