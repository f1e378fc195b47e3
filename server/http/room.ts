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
  const most = () => (loopWatch.isLate() ? Math.ceil(places * partWhileLate) : places);

  return {
    isFull: (): boolean => taken >= most(),

    /** Takes a place, also when there is none left: whoever wants to know asks before. */
    enter() {
      let state: 'inside' | 'outside' | 'gone' = 'inside';
      taken += 1;
      const exit = (to: 'outside' | 'gone') => {
        if (state === 'inside') taken -= 1;
        if (state !== 'gone') state = to;
      };
      return {
        leave: () => exit('gone'),
        /** Gives the place up until the promise is settled, unless that is at once. `onFull` throws for whom there is none any more. */
        async stepOut<Result>(awaited: Promise<Result>, onFull: () => void): Promise<Result> {
          const going = setImmediate(() => exit('outside'));
          try {
            return await awaited;
          } finally {
            clearImmediate(going);
            if (state === 'outside') {
              state = 'inside';
              taken += 1;
              if (taken > most()) onFull();
            }
          }
        },
      };
    },
  };
}
