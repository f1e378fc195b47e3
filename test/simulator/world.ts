import { createMachine, type Machine } from './machine.ts';
import { createNetwork, type Network, type Server } from './network.ts';
import { createRandom, type Random } from './random.ts';
import { createSiblings } from './siblings.ts';
import { createTab, type Tab } from './tab.ts';
import { createTimeline } from './timeline.ts';

export interface WorldOptions {
  /** The same seed gives the same world. */
  readonly seed: number;
  /** The servers that pages may ask, by origin; called for real, in no time of the world. */
  readonly servers: Readonly<Record<string, Server>>;
  /** Where the pages are from. */
  readonly origin: string;
  readonly calendarAtStartMs?: number | undefined;
  readonly monotonicInSleep?: 'stops' | 'goes on' | undefined;
}

/** One browser on one machine, its tabs, its network, and time that goes on only when told to. */
export interface World {
  /** Milliseconds since the world began: the true time, which servers go by. */
  nowMs(): number;
  /** Lets time pass, with all that happens in it. Nothing is waited for but servers. */
  advance(ms: number): Promise<void>;
  readonly machine: Machine;
  readonly network: Network;
  readonly random: Random;
  /** The `Cookie` header of the pages’ own origin: who is logged in there. */
  cookie: string | undefined;
  openTab(): Tab;
}

export function createWorld(options: WorldOptions): World {
  const { seed, servers, origin, calendarAtStartMs = Date.UTC(2026, 0, 1), monotonicInSleep = 'stops' } = options;
  const random = createRandom(seed);
  const timeline = createTimeline(() => settle());
  const machine = createMachine({ timeline, calendarAtStartMs, monotonicInSleep });
  const siblings = createSiblings(timeline, random);
  const network = createNetwork({ timeline, machine, random, servers, origin, headersOf });

  function headersOf(url: URL): Record<string, string> {
    if (url.origin !== origin) return { origin };
    return world.cookie === undefined ? {} : { cookie: world.cookie };
  }

  async function settle() {
    await turn();
    for (let work = network.settled(); work; work = network.settled()) {
      await work;
      await turn();
    }
  }

  const world: World = {
    nowMs: timeline.nowMs,
    advance: timeline.advance,
    machine,
    network,
    random,
    cookie: undefined,
    openTab: () => createTab({ timeline, machine, network, siblings, random }),
  };
  return world;
}

/** Everything that promises set off is done after it. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
