/** A simulator of browsers for tests: `billingos/testing`. */
export { createWorld, type World, type WorldOptions } from './world.ts';
export type { Exchange, Latency, Network, Server, Trouble } from './network.ts';
export type { Machine } from './machine.ts';
export type { Tab, TabState } from './tab.ts';
