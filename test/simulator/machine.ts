import type { Timeline } from './timeline.ts';

/** A computer that its user may put to sleep, take off the network, and whose calendar anybody may set. */
export interface Machine {
  monotonicMs(): number;
  calendarMs(): number;
  isAwake(): boolean;
  isOnline(): boolean;
  /** Calls back now, or when it wakes. */
  whenAwake(act: () => void): void;
  sleep(): void;
  wake(): void;
  setOnline(isOnline: boolean): void;
  /** The calendar only: time itself does not change. */
  shiftCalendar(ms: number): void;
  /** Before anything runs that waited for it. */
  onChange(listener: (change: MachineChange) => void): void;
}

export type MachineChange = 'asleep' | 'awake' | 'offline' | 'online';

interface MachineOptions {
  readonly timeline: Timeline;
  readonly calendarAtStartMs: number;
  /** Browsers differ in whether `performance.now()` goes on while the machine sleeps. */
  readonly monotonicInSleep: 'stops' | 'goes on';
}

export function createMachine({ timeline, calendarAtStartMs, monotonicInSleep }: MachineOptions): Machine {
  const listeners: ((change: MachineChange) => void)[] = [];
  let sleptMs = 0;
  let asleepSinceMs: number | undefined;
  let calendarAheadMs = calendarAtStartMs;
  let isOnline = true;
  let held: (() => void)[] = [];

  const stoppedMs = () => sleptMs + (asleepSinceMs === undefined ? 0 : timeline.nowMs() - asleepSinceMs);
  const tell = (change: MachineChange) => listeners.forEach((listener) => listener(change));

  const machine: Machine = {
    monotonicMs: () => timeline.nowMs() - (monotonicInSleep === 'stops' ? stoppedMs() : 0),
    calendarMs: () => timeline.nowMs() + calendarAheadMs,
    isAwake: () => asleepSinceMs === undefined,
    isOnline: () => isOnline,
    whenAwake(act) {
      if (asleepSinceMs === undefined) act();
      else held.push(act);
    },
    sleep() {
      if (asleepSinceMs !== undefined) return;
      asleepSinceMs = timeline.nowMs();
      tell('asleep');
    },
    wake() {
      if (asleepSinceMs === undefined) return;
      sleptMs = stoppedMs();
      asleepSinceMs = undefined;
      const waking = held;
      held = [];
      tell('awake');
      for (const act of waking) timeline.after(0, () => machine.whenAwake(act));
    },
    setOnline(next) {
      if (next === isOnline) return;
      isOnline = next;
      tell(isOnline ? 'online' : 'offline');
    },
    shiftCalendar(ms) {
      calendarAheadMs += ms;
    },
    onChange: (listener) => void listeners.push(listener),
  };
  return machine;
}
