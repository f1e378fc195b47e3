/** What kind of machine and browser a day is spent at. */
export interface DaySetting {
  readonly seed: number;
  readonly tabs: number;
  readonly lifetimeSeconds: number;
  readonly monotonicInSleep: 'stops' | 'goes on';
  /** How far the machine's calendar is off. */
  readonly calendarAheadMs: number;
  /** `counted`: a broken promise ends nothing. For clients that promise nothing. */
  readonly promises?: 'held' | 'counted' | undefined;
}

export type TroubleKind = 'unreachable' | 'silent' | '500' | '503' | '429' | 'html' | '204' | 'empty';

/** What may happen in a day. A tab is named by any number, and found by its remainder. */
export type Step =
  | { readonly kind: 'operate' | 'reload' | 'close' | 'cache'; readonly tab: number }
  | { readonly kind: 'operateAll' | 'open' | 'revokeKey' }
  | { readonly kind: 'become'; readonly tab: number; readonly state: 'visible' | 'hidden' | 'frozen' }
  | { readonly kind: 'sleep' | 'offline' | 'slow' | 'restart' | 'dropSigningKey'; readonly forMs: number }
  | { readonly kind: 'trouble'; readonly trouble: TroubleKind; readonly forMs: number }
  | { readonly kind: 'setCalendar'; readonly byMs: number }
  | { readonly kind: 'rollKey'; readonly overlapMs: number }
  | { readonly kind: 'revoke'; readonly by: 'session' | 'customer' | 'all'; readonly tab: number }
  /** The app signs out, or the site's own login ends; then somebody logs in, and pages ask for it or are loaded anew. */
  | ({ readonly kind: 'signOut'; readonly tab: number } & Login)
  | ({ readonly kind: 'leave' | 'changeUser' } & Login);

export interface Login {
  readonly afterMs: number;
  readonly as: 'the same' | 'another';
  readonly by: 'retry' | 'reload';
}

export interface TimedStep {
  readonly atMs: number;
  readonly step: Step;
}

/** All that makes a day; the same plan is the same day. */
export interface Plan {
  readonly setting: DaySetting;
  readonly steps: readonly TimedStep[];
}

const textOf = ({ atMs, step: { kind, ...details } }: TimedStep) =>
  `  at ${atMs} ms: ${[kind, ...Object.values(details)].join(' ')}`;

export const textOfPlan = ({ setting, steps }: Plan) =>
  [JSON.stringify(setting), ...steps.map(textOf), `plan: ${JSON.stringify({ setting, steps })}`].join('\n');
