import { BillingOSError } from '../errors.ts';
import type { Channel, Wake } from './host.ts';
import { instantOf, isNoRenewal, remainingMs, surelyRemainingMs, type HeldToken } from './life.ts';
import { createPace } from './pace.ts';
import { minimumGapMs } from './schedule.ts';
import type { Session, SessionOptions } from './session.ts';
import type { AskForSession, SessionAnswer } from './source.ts';
import { isTerminal, lifeOf, transition, type SessionEvent, type SessionState, type TerminalState } from './state.ts';
import { createStore } from './store.ts';
import { channelOf, isNews, listenMs, type News } from './tabs.ts';

// A browser's timer overflows at 2^31 ms and may stop in sleep: a minute at a time, whoever is called looks at the clocks again.
const longestTimerMs = 60_000;
const mostRefusals = 3;
const patienceFailures = 3;
const hopelessCodes: readonly string[] = ['SECRET_KEY_IN_BROWSER', 'INVALID_ENDPOINT'];

/** Keeps a token that counts: asks when it is time, one ask at a time, takes what comes, and tells the other tabs. */
export function createRenewal({ source, initial, read, host }: SessionOptions): Session {
  const { clock, timers, page } = host;
  const { ask, group } = source;
  const channelName = channelOf(group);
  const tabs = group && host.tabs;
  const store = createStore<SessionState, SessionEvent>({ kind: 'idle' }, transition);
  const pace = createPace(clock.monotonicMs, host.random);

  let newest: HeldToken | undefined;
  // Outlives sign-out: a token that was ended must not come back.
  let last: HeldToken | undefined;
  // What was handed in last, good or bad: React hands in the first token twice.
  let given: string | undefined;
  // The ask under way, or queued behind another tab's.
  let flight: AbortController | undefined;
  let refusals = 0;
  let waiters = 0;
  let timer: unknown;
  let stopListening: (() => void) | undefined;
  let channel: Channel | undefined;
  // Since when there is reason to think that somebody is logged in.
  let openedAtMs = -Infinity;
  let askedAtMs = -Infinity;
  let signedOutAtMs = -Infinity;
  // The page was away and somebody else may be logged in, or the app wants another token.
  let isStale = false;
  // The app signed out here: another tab's token is no answer to that.
  let hasLeft = false;

  const life = () => lifeOf(store.state());
  const leftMs = (left: typeof remainingMs) => {
    const held = life();
    return held ? left(held, instantOf(clock)) : -Infinity;
  };
  const isUsable = () => leftMs(remainingMs) > 0;
  // One of the clocks may say otherwise, and be wrong.
  const mayCount = () => leftMs(surelyRemainingMs) > 0;
  const untilNextAskMs = () => pace.untilNextAskMs(isStale ? -Infinity : leftMs(remainingMs));

  function setTimer(delayMs: number) {
    // Rounded up: browsers round down, and would call just before it is time.
    timer = timers.set(plan, Math.min(Math.ceil(delayMs), longestTimerMs));
  }

  /** The one place that decides what happens next. */
  function plan() {
    timers.clear(timer);
    if (!stopListening || flight || isTerminal(store.state())) return;
    const delayMs = ask ? untilNextAskMs() : leftMs(surelyRemainingMs);
    if (delayMs > 0) setTimer(delayMs);
    else if (!ask) expireGiven();
    // Hidden and not needed: the next wake plans again.
    else if (page.isVisible() || waiters > 0) queue(ask);
  }

  function expireGiven() {
    if (life()) breakDown(new BillingOSError('TOKEN_EXPIRED', 'The given token has expired.'));
  }

  function queue(ask: AskForSession) {
    const own = (flight = new AbortController());
    const run = () => renew(ask, own);
    void (tabs ? tabs.takeTurns(channelName, run) : run());
  }

  async function renew(ask: AskForSession, own: AbortController) {
    if (flight !== own) return;
    // While this tab waited for its turn, another one may have asked.
    if (untilNextAskMs() > 0) {
      drop();
      return plan();
    }
    const since = instantOf(clock);
    askedAtMs = since.monotonicMs;
    pace.holdBack(minimumGapMs);
    tell();
    store.dispatch({ kind: 'asked' });
    const settle = await ask(own.signal).then(
      (answer) => () => take(answer, since),
      (error: BillingOSError) => () => fail(error),
    );
    if (flight !== own) return;
    flight = undefined;
    settle();
    tell();
    plan();
  }

  function drop(reason?: BillingOSError) {
    flight?.abort(reason);
    flight = undefined;
  }

  function take(answer: SessionAnswer | string | null, since = instantOf(clock)) {
    try {
      const { token, ...terms } = read(answer);
      const held = { token, life: { ...terms, since } };
      if (!isNoRenewal(held, last)) return accept(held);
      throw new BillingOSError('TOKEN_NOT_RENEWED', 'No newer token came: is the answer cached?');
    } catch (error) {
      fail(error as BillingOSError);
    }
  }

  function accept(held: HeldToken) {
    drop();
    newest = last = held;
    isStale = hasLeft = false;
    pace.received(held.life.lifetimeMs);
    store.dispatch({ kind: 'received', life: held.life });
  }

  function fail(error: BillingOSError) {
    const { code } = error;
    if (code === 'SIGNED_OUT') return signOutAt(askedAtMs, error);
    // An older token changes nothing. After any other bad one nothing is sent: the app gave up the one before.
    if (!ask) return code === 'TOKEN_NOT_RENEWED' && mayCount() ? undefined : breakDown(error);
    if (hopelessCodes.includes(code) && !mayCount()) return breakDown(error);
    // The same token again after its refusal is one more refusal.
    if (code === 'TOKEN_NOT_RENEWED' && !life()) countRefusal();
    pace.failed(error.retryAfterSeconds);
    store.dispatch({ kind: 'failed', error, isOnline: page.isOnline() });
  }

  function countRefusal() {
    refusals += 1;
    if (refusals < mostRefusals) return;
    breakDown(new BillingOSError('TOKENS_REFUSED', 'Three fresh tokens were refused.'));
  }

  const breakDown = (error: BillingOSError) => end({ kind: 'broken', error });

  function signOutAt(atMs: number, error: BillingOSError) {
    newest = undefined;
    signedOutAtMs = atMs;
    end({ kind: 'signedOut', error });
  }

  function end(as: TerminalState) {
    // First, since a listener may begin anew.
    drop(as.error);
    timers.clear(timer);
    store.dispatch({ kind: 'ended', as });
  }

  function tell(isNew = false) {
    const news: News = { held: life() && newest, heldBackMs: pace.heldBackMs(), signedOutAtMs, isNew };
    channel?.post(news);
  }

  function hear({ held, heldBackMs, isNew, signedOutAtMs: leftAtMs }: News) {
    const nowMs = clock.monotonicMs();
    const tokenAtMs = last?.life.since.monotonicMs ?? -Infinity;
    pace.holdBack(heldBackMs);
    if (isNews(leftAtMs, Math.max(openedAtMs, askedAtMs, tokenAtMs), nowMs)) {
      signOutAt(leftAtMs, new BillingOSError('SIGNED_OUT', 'Signed out in another tab.'));
    }
    // What was asked for before this tab was opened, by more than the gap that all keep, may be of whoever was logged in then.
    const knownMs = Math.max(openedAtMs - minimumGapMs, signedOutAtMs, tokenAtMs);
    if (held && !hasLeft && isNews(held.life.since.monotonicMs, knownMs, nowMs)) accept(held);
    if (isNew) tell();
    plan();
  }

  /** Nobody knows who is logged in now but the source, and the tabs that asked it just now. */
  function introduce() {
    openedAtMs = clock.monotonicMs();
    if (channel) pace.holdBack(listenMs);
    tell(true);
  }

  function wake(reason: Wake) {
    if (reason === 'online') pace.hurry();
    if (reason === 'restored' && ask) {
      isStale = true;
      introduce();
    }
    plan();
  }

  function begin() {
    if (tabs) channel = tabs.listen(channelName, (news) => hear(news as News));
    if (last) tell(true);
    else introduce();
    // Not at once: React's StrictMode mounts, unmounts and mounts in one go, and that must be one ask.
    setTimer(0);
  }

  function adopt(token: string) {
    if (token === given || token === last?.token) return;
    given = token;
    take(token);
    tell();
    plan();
  }

  if (initial) take(initial);

  return {
    isUsable,
    adopt,
    state: store.state,
    subscribe: store.subscribe,
    newest: () => newest,
    start() {
      if (stopListening) return;
      stopListening = page.onWake(wake);
      if (ask || last || isTerminal(store.state())) begin();
      else if (source.token) adopt(source.token);
      else store.dispatch({ kind: 'asked' });
    },
    dispose() {
      stopListening?.();
      channel?.close();
      stopListening = channel = undefined;
      drop();
      timers.clear(timer);
      store.dispatch({ kind: 'stopped' });
    },
    getToken: () =>
      new Promise((resolve, reject) => {
        let failures = 'error' in store.state() ? -1 : 0;
        const look = () => {
          const state = store.state();
          const hasFailed = 'error' in state;
          // Nobody can do better than a doubtful token while asks fail, or where there is nobody to ask.
          if (newest && (isUsable() || (mayCount() && (hasFailed || !ask)))) resolve(newest.token);
          else if (hasFailed && (isTerminal(state) || (failures += 1) >= patienceFailures)) reject(state.error);
          else return;
          stop();
          waiters -= 1;
        };
        const stop = store.subscribe(look);
        waiters += 1;
        look();
        plan();
      }),
    remainingMs: () => life() && Math.max(0, leftMs(remainingMs)),
    accepted(token) {
      if (token === newest?.token) refusals = 0;
    },
    refused(token, error) {
      if (token !== newest?.token || !life()) return;
      if (!ask) return breakDown(error);
      countRefusal();
      store.dispatch({ kind: 'refused' });
      plan();
    },
    retry() {
      if (!ask) return;
      refusals = 0;
      isStale = true;
      hasLeft = false;
      openedAtMs = clock.monotonicMs();
      pace.insist();
      store.dispatch({ kind: 'retried' });
      plan();
    },
    signOut() {
      hasLeft = true;
      signOutAt(clock.monotonicMs(), new BillingOSError('SIGNED_OUT', 'Signed out.'));
      tell();
    },
  };
}
