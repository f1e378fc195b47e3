interface PlacesOptions {
  readonly places: number;
  /** As many of them may one have. */
  readonly placesOfOne: number;
}

/** How much is done at the same time, by all and by each. A place is free again when its work is over, not when nobody waits for it. */
export function createPlaces({ places, placesOfOne }: PlacesOptions) {
  const taken = new Map<string, number>();
  let all = 0;

  function move(who: string, by: 1 | -1): void {
    const count = (taken.get(who) ?? 0) + by;
    all += by;
    if (count === 0) taken.delete(who);
    else taken.set(who, count);
  }

  return {
    /** Rejects with what `refuse` makes when there is no place. */
    async take<Result>(who: string, refuse: () => Error, work: () => Promise<Result>): Promise<Result> {
      if (all >= places || (taken.get(who) ?? 0) >= placesOfOne) throw refuse();
      move(who, 1);
      try {
        return await work();
      } finally {
        move(who, -1);
      }
    },
  };
}
