import type { Endpoints } from '../endpoint.ts';
import { BillingOSError } from '../errors.ts';
import { createAlarm } from './alarm.ts';
import { askOnce } from './ask.ts';
import type { Host, Wake } from './host.ts';
import { hold, instantOf, surelyRemainingMs, type HeldToken, type Instant } from './life.ts';
import { createPace } from './pace.ts';
import type { AskForSession, SessionAnswer, SessionSource } from './source.ts';
import { isTerminal, lifeOf, type SessionEvent, type SessionState } from './state.ts';
import type { Store } from './store.ts';
import type { Waiting } from './waiting.ts';

export interface RenewalOptions {
  readonly source: SessionSource;
  readonly endpoints: Endpoints | undefined;
  readonly host: Host;
  readonly store: Store<SessionState, SessionEvent>;
  readonly waiting: Waiting;
}

const mostRefusals = 3;
const hopelessCodes: ReadonlySet<string> = new Set(['SECRET_KEY_IN_BROWSER', 'INVALID_ENDPOINT']);

/** Keeps a token that counts: asks when it is time, one ask at a time, and takes what comes. */
export function createRenewal({ source, endpoints, host, store, waiting }: RenewalOptions) {
  const alarm = createAlarm(host.timers);
  const pace = createPace(host);
  let newest: HeldToken | undefined;
  // Outlives sign-out: a token that was ended must not come back.
  let last: HeldToken | undefined;
  // What was handed in last, good or bad: React hands in the first token twice.
  let given: string | undefined;
  let flight: AbortController | undefined;
  let refusals = 0;
  let stopListening: (() => void) | undefined;

  /** The one place that decides what happens next. */
  function plan() {
    alarm.clear();
    const state = store.state();
    if (!stopListening || flight || isTerminal(state)) return;
    if (source.kind === 'given') return watchExpiry();
    const delayMs = pace.untilNextAskMs(state);
    if (delayMs > 0) alarm.set(delayMs, plan);
    // Hidden and not needed: the next wake plans again.
    else if (host.page.isVisible() || !waiting.isEmpty()) void renew(source.ask);
  }

  function watchExpiry() {
    const life = lifeOf(store.state());
    if (!life) return;
    const leftMs = surelyRemainingMs(life, instantOf(host.clock));
    if (leftMs > 0) return alarm.set(leftMs, plan);
    end('gaveUp', new BillingOSError('TOKEN_EXPIRED', 'The given token has expired: hand in the next one.'));
  }

  async function renew(ask: AskForSession) {
    const own = new AbortController();
    const since = instantOf(host.clock);
    flight = own;
    pace.asked();
    store.dispatch({ kind: 'asked' });
    const settled = await askOnce(ask, host.timers, own).then(
      (answer) => () => take(answer, since),
      (error: BillingOSError) => () => fail(error),
    );
    if (flight !== own) return;
    flight = undefined;
    settled();
    plan();
  }

  function take(answer: SessionAnswer, since: Instant) {
    try {
      newest = last = hold(answer, last, since, endpoints);
    } catch (error) {
      return fail(error as BillingOSError);
    }
    pace.received(newest.life.lifetimeMs);
    waiting.resolve(newest.token);
    store.dispatch({ kind: 'received', life: newest.life });
  }

  function fail(error: BillingOSError) {
    if (error.code === 'SIGNED_OUT') return end('signedOut', error);
    if (source.kind === 'given') return refuseGiven(error);
    if (hopelessCodes.has(error.code) && !isUsable()) return end('gaveUp', error);
    // The same token again after its refusal is one more refusal.
    if (error.code === 'TOKEN_NOT_RENEWED' && !lifeOf(store.state())) countRefusal();
    pace.failed(error.retryAfterSeconds);
    waiting.endure(error);
    store.dispatch({ kind: 'failed', error, isOnline: host.page.isOnline() });
  }

  /** An older token changes nothing. After any other bad one nothing is sent: the app gave up the one before. */
  function refuseGiven(error: BillingOSError) {
    if (error.code !== 'TOKEN_NOT_RENEWED' || !isUsable()) end('gaveUp', error);
  }

  function countRefusal() {
    refusals += 1;
    if (refusals < mostRefusals) return;
    end('gaveUp', new BillingOSError('TOKENS_REFUSED', 'The API refused three fresh tokens in a row.'));
  }

  function end(kind: 'signedOut' | 'gaveUp', error: BillingOSError) {
    flight?.abort(error);
    flight = undefined;
    alarm.clear();
    if (kind === 'signedOut') newest = undefined;
    waiting.reject(error);
    store.dispatch({ kind, error });
  }

  function wake(reason: Wake) {
    if (reason === 'online') pace.hurry();
    plan();
  }

  function begin(token: string | null) {
    if (token === null) store.dispatch({ kind: 'asked' });
    else adopt(token);
  }

  function adopt(token: string) {
    if (token === given || token === last?.token) return;
    given = token;
    take({ sessionToken: token }, instantOf(host.clock));
    plan();
  }

  function start() {
    if (stopListening) return;
    stopListening = host.page.onWake(wake);
    if (source.kind === 'given' && !newest && !isTerminal(store.state())) return begin(source.token);
    // Not at once: React's StrictMode mounts, unmounts and mounts in one go, and that must be one ask.
    alarm.set(0, plan);
  }

  function stop() {
    stopListening?.();
    stopListening = undefined;
    alarm.clear();
    flight?.abort();
    flight = undefined;
    store.dispatch({ kind: 'stopped' });
  }

  function isUsable() {
    const life = lifeOf(store.state());
    return life !== undefined && surelyRemainingMs(life, instantOf(host.clock)) > 0;
  }

  function accepted(token: string) {
    if (token === newest?.token) refusals = 0;
  }

  function refused(token: string, error: BillingOSError) {
    if (token !== newest?.token || !lifeOf(store.state())) return;
    if (source.kind === 'given') return end('gaveUp', error);
    countRefusal();
    store.dispatch({ kind: 'refused' });
    plan();
  }

  function retry() {
    if (source.kind === 'given') return;
    refusals = 0;
    pace.insist();
    store.dispatch({ kind: 'retried' });
    plan();
  }

  return { newest: () => newest, isUsable, start, stop, plan, adopt, accepted, refused, retry, end };
}
