import type { LoopWatch } from './loop-watch.ts';

interface RoomOptions {
  readonly places: number;
  readonly loopWatch: Pick<LoopWatch, 'isLate'>;
}

/** What is left while the event loop is late: enough to keep the process busy. */
const partWhileLate = 0.1;

/** The requests that are worked on. */
export function createRoom({ places, loopWatch }: RoomOptions) {
  let taken = 0;

  return {
    isFull: (): boolean => taken >= (loopWatch.isLate() ? Math.ceil(places * partWhileLate) : places),

    /** Takes a place, also when there is none left: whoever wants to know asks before. */
    enter() {
      let state: 'inside' | 'outside' | 'gone' = 'inside';
      taken += 1;
      const exit = (to: 'outside' | 'gone') => {
        if (state === 'inside') taken -= 1;
        state = to;
      };
      return {
        leave: () => exit('gone'),
        /** Gives the place up until the promise is settled. */
        async stepOut<Result>(awaited: Promise<Result>): Promise<Result> {
          exit('outside');
          try {
            return await awaited;
          } finally {
            if (state === 'outside') {
              state = 'inside';
              taken += 1;
            }
          }
        },
      };
    },
  };
}
