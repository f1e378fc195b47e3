import { BillingOSError } from '../errors.ts';
import type { Channel, Wake } from './host.ts';
import { instantOf, isNoRenewal, remainingMs, surelyRemainingMs, type HeldToken } from './life.ts';
import { createPace } from './pace.ts';
import { minimumGapMs, minuteMs } from './schedule.ts';
import type { Session, SessionOptions } from './session.ts';
import type { SessionAnswer, SessionSource } from './source.ts';
import { isTerminal, lifeOf, transition, type SessionEvent, type SessionState, type TerminalState } from './state.ts';
import { createStore } from './store.ts';
import { channelOf, listenMs, skewMs, type News } from './tabs.ts';

// Asks that fail, or fresh tokens that are refused, in a row.
const patience = 3;
const hopelessCodes: readonly string[] = ['SECRET_KEY_IN_BROWSER', 'INVALID_ENDPOINT'];

type Ask = NonNullable<SessionSource['ask']>;

/** Keeps a token that counts: asks when it is time, one ask at a time, takes what comes, and tells the other tabs. */
export function createRenewal({ source, initial, read, host }: SessionOptions): Session {
  const { clock, timers, page } = host;
  const { ask, group } = source;
  const channelName = channelOf(group);
  const tabs = group && host.tabs;
  const nowMs = clock.monotonicMs;
  const [state, dispatch, subscribe] = createStore<SessionState, SessionEvent>({ kind: 'idle' }, transition);
  const [untilDueMs, received, failed, hurry, insist, holdBack] = createPace(nowMs, host.random);

  let newest: HeldToken | undefined;
  // Outlives sign-out: a token that was ended must not come back.
  let last: HeldToken | undefined;
  // What was handed in last, good or bad: React hands in the first token twice.
  let handedIn: string | undefined;
  // The ask under way, or queued behind another tab's.
  let flight: AbortController | undefined;
  let failure: BillingOSError | undefined;
  let failures = 0;
  let refusals = 0;
  let waiters = 0;
  let timer: unknown;
  let stopListening: (() => void) | undefined;
  let channel: Channel | undefined;
  // Who was logged in before this moment is not to be relied on.
  let trustedFromMs = -Infinity;
  let askedAtMs = -Infinity;
  // The last ask of all tabs.
  let groupAskedAtMs = -Infinity;
  // When the last token was asked for.
  let tokenAtMs = -Infinity;
  let signedOutAtMs = -Infinity;
  // The page was away and somebody else may be logged in, or the app wants another token.
  let isStale = false;
  // The app signed out here: another tab's token is no answer to that.
  let hasLeft = false;

  const life = () => lifeOf(state());
  const leftMs = (left: typeof remainingMs, held = life()) => (held ? left(held, instantOf(clock)) : -Infinity);
  const believedMs = () => (isStale ? -Infinity : leftMs(remainingMs));
  const isUsable = () => believedMs() > 0;
  // One of the clocks may say otherwise, and be wrong.
  const mayCount = () => leftMs(surelyRemainingMs) > 0;
  /** Whether another tab's moment is after all that this one knows. */
  const isNews = (atMs: number) => atMs > Math.max(signedOutAtMs, tokenAtMs);

  function setTimer(delayMs: number) {
    // Rounded up: browsers round down, and would call just before it is time. A minute at a time: a browser's timer overflows at
    // 2^31 ms and may stop in sleep; whoever is called looks at the clocks again.
    timer = timers.set(plan, Math.min(Math.ceil(delayMs), minuteMs));
  }

  /** The one place that decides what happens next. */
  function plan() {
    timers.clear(timer);
    if (!stopListening || flight || isTerminal(state())) return;
    const delayMs = ask ? untilDueMs(believedMs()) : leftMs(surelyRemainingMs);
    if (delayMs > 0) {
      setTimer(delayMs);
      // A clock took the token for over, and was set back: those who waited for the next one can have it.
      if (waiters && isUsable()) dispatch({ kind: 'stopped' });
    } else if (ask) {
      // Hidden and not needed: the next wake plans again.
      if (page.isVisible() || waiters) queue(ask);
    } else if (life()) breakDown(new BillingOSError('TOKEN_EXPIRED', 'Expired.'));
  }

  function queue(ask: Ask) {
    const own = (flight = new AbortController());
    const run = () => renew(ask, own);
    void (tabs ? tabs.takeTurns(channelName, run) : run());
  }

  async function renew(ask: Ask, own: AbortController) {
    if (flight !== own) return;
    // While this tab waited for its turn, another one may have asked.
    if (untilDueMs(believedMs()) > 0) {
      drop();
      return plan();
    }
    const since = instantOf(clock);
    noteAsk((askedAtMs = nowMs()));
    tell();
    dispatch({ kind: 'asked' });
    // A listener may have ended it.
    if (flight !== own) return;
    const settle = await ask(own).then(
      (answer) => () => take(answer, since),
      (error: BillingOSError) => () => fail(error),
    );
    if (flight !== own) return;
    flight = undefined;
    settle();
    tell();
    plan();
  }

  /** The gap after an ask is everybody's, whosever it was. */
  function noteAsk(atMs: number) {
    if (atMs > groupAskedAtMs) groupAskedAtMs = atMs;
    holdBack(groupAskedAtMs + minimumGapMs);
  }

  /** Until the next plan, nothing happens by itself. */
  function drop(reason?: BillingOSError) {
    timers.clear(timer);
    flight?.abort(reason);
    flight = undefined;
  }

  function take(answer: SessionAnswer | string | null, since = instantOf(clock)) {
    try {
      const { token, ...terms } = read(answer);
      const held = { token, life: { ...terms, since } };
      if (isNoRenewal(held, last)) fail(new BillingOSError('TOKEN_NOT_RENEWED', 'Cached?'));
      else accept(held);
    } catch (error) {
      fail(error as BillingOSError);
    }
  }

  function accept(held: HeldToken) {
    tokenAtMs = held.life.since.monotonicMs;
    // The one before was not refused.
    if (life()) refusals = 0;
    // An ask that went out later knows better.
    if (tokenAtMs >= askedAtMs) drop();
    newest = last = held;
    hasLeft = false;
    isStale &&= tokenAtMs < trustedFromMs;
    received(held.life.lifetimeMs);
    dispatch({ kind: 'received', life: held.life });
  }

  function fail(error: BillingOSError) {
    const { code } = error;
    if (code === 'SIGNED_OUT' && askedAtMs >= trustedFromMs) return signOutAt(askedAtMs, error);
    // An older token changes nothing. After any other bad one nothing is sent: the app gave up the one before.
    if (!ask) return code === 'TOKEN_NOT_RENEWED' && mayCount() ? undefined : breakDown(error);
    if (hopelessCodes.includes(code) && !mayCount()) return breakDown(error);
    // The same token again after its refusal is one more refusal.
    if (code === 'TOKEN_NOT_RENEWED' && !life()) countRefusal();
    failures += 1;
    failure = error;
    failed(error.retryAfterSeconds);
    dispatch({ kind: 'failed', error, isOnline: page.isOnline() });
  }

  function countRefusal() {
    refusals += 1;
    if (refusals >= patience) breakDown(new BillingOSError('TOKENS_REFUSED', 'Refused.'));
  }

  const breakDown = (error: BillingOSError) => end({ kind: 'broken', error });

  function signOutAt(atMs: number, error = new BillingOSError('SIGNED_OUT', 'Signed out.')) {
    newest = undefined;
    signedOutAtMs = atMs;
    end({ kind: 'signedOut', error });
  }

  /** Somebody left since this token came: it counts for nobody, whoever is here now. */
  function giveUp() {
    newest = undefined;
    dispatch({ kind: 'refused' });
  }

  function end(as: TerminalState) {
    // First, since a listener may begin anew.
    drop(as.error);
    dispatch({ kind: 'ended', as });
  }

  function tell(isNew?: true) {
    channel?.post({
      ...instantOf(clock),
      held: life() && newest,
      askedAtMs: groupAskedAtMs,
      signedOutAtMs,
      isNew,
    } satisfies News);
  }

  function hear(news: News) {
    const lateMs = clock.calendarMs() - news.calendarMs;
    // Tabs have one calendar, but their other clocks began apart.
    const aheadMs = nowMs() - lateMs - news.monotonicMs;
    noteAsk(Math.min(news.askedAtMs + aheadMs, nowMs()));
    if (Math.abs(lateMs) < skewMs) believe(news, aheadMs);
    // It waited while this tab was frozen, or the calendar was set: it counts only that somebody had left, no later than it says by
    // its own clock, but for the way.
    else if (isNews(lateMs + aheadMs + news.signedOutAtMs - skewMs)) giveUp();
    if (news.isNew) tell();
    plan();
  }

  function believe({ held, signedOutAtMs: leftAtMs }: News, aheadMs: number) {
    if (held && !hasLeft) {
      const { token, life } = held;
      const monotonicMs = life.since.monotonicMs + aheadMs;
      // What was asked for earlier, by more than the gap that all keep, may be of whoever was logged in then.
      if (isNews(monotonicMs) && monotonicMs > trustedFromMs - minimumGapMs && !isNoRenewal(held, last)) {
        accept({ token, life: { ...life, since: { ...life.since, monotonicMs } } });
      }
    }
    leftAtMs += aheadMs;
    if (!isNews(leftAtMs)) return;
    signedOutAtMs = leftAtMs;
    // An ask that went out at the same time does not know of it.
    if (leftAtMs > Math.max(trustedFromMs, askedAtMs - skewMs)) signOutAt(leftAtMs);
    else giveUp();
  }

  /** Nobody knows who is logged in now but the source, and the tabs that asked it just now. */
  function introduce() {
    trustedFromMs = nowMs();
    if (channel) holdBack(trustedFromMs + listenMs);
    tell(true);
  }

  function wake(reason: Wake) {
    if (reason === 'online') hurry();
    if (reason === 'restored' && ask) {
      drop();
      isStale = true;
      introduce();
      dispatch({ kind: 'retried' });
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
    if (token === handedIn || token === last?.token) return;
    handedIn = token;
    take(token);
    tell();
    plan();
  }

  if (initial) take(initial);

  return {
    isUsable,
    adopt,
    state,
    subscribe,
    newest: () => newest,
    start() {
      if (stopListening) return;
      stopListening = page.onWake(wake);
      if (ask || last || isTerminal(state())) begin();
      else if (source.token) adopt(source.token);
      else dispatch({ kind: 'asked' });
    },
    dispose() {
      stopListening?.();
      channel?.close();
      stopListening = channel = undefined;
      drop();
      dispatch({ kind: 'stopped' });
    },
    getToken: () =>
      new Promise((resolve, reject) => {
        const mostFailures = failures + patience;
        const look = () => {
          const now = state();
          // Nobody can do better than a doubtful token where there is nobody to ask, or asks fail and the next one is not due yet.
          if (mayCount() && newest && (!ask || isUsable() || ('error' in now && untilDueMs(believedMs()) > 0)))
            resolve(newest.token);
          else if (isTerminal(now)) reject(now.error);
          else if (failures >= mostFailures) reject(failure);
          else return;
          stop();
          waiters -= 1;
        };
        const stop = subscribe(look);
        waiters += 1;
        look();
        plan();
      }),
    remainingMs: () => life() && Math.max(leftMs(remainingMs), 0),
    accepted(token) {
      if (token === newest?.token) refusals = 0;
    },
    refused(token, error) {
      const isNewest = token === newest?.token;
      if (isNewest && life()) {
        if (ask) {
          // One that has served for a while was good: others may have been accepted meanwhile, in other tabs.
          if (nowMs() - tokenAtMs > minuteMs) refusals = 0;
          countRefusal();
          dispatch({ kind: 'refused' });
          plan();
        } else breakDown(error);
      }
      return isNewest;
    },
    retry() {
      if (!ask) return;
      refusals = 0;
      isStale = true;
      hasLeft = false;
      trustedFromMs = nowMs();
      insist();
      dispatch({ kind: 'retried' });
      plan();
    },
    signOut() {
      hasLeft = true;
      signOutAt(nowMs());
      tell();
    },
  };
}
