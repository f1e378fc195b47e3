import { listenMs } from '../../../client/session/tabs.ts';
import type { Trouble } from '../network.ts';
import type { Tab, TabState } from '../tab.ts';
import { createWorld, type World } from '../world.ts';
import { BrokenPromise, createLedger, type BegunOperation, type Ledger } from './ledger.ts';
import type { OpenClient, PageClient } from './page-client.ts';
import { dayMs } from './plan.ts';
import { apiUrl, shopUrl, type Merchant, type Service } from './service.ts';
import type { DaySetting, Login, Step, TroubleKind } from './step.ts';

/** One tab and what is in it. A reload makes another one. */
interface Page {
  readonly tab: Tab;
  readonly client: PageClient;
  /** Under way, the first one first. */
  readonly operations: Set<BegunOperation>;
  /** Since when it has run without a break. */
  runsSinceMs: number;
  /** No message reached it: it was in the back-forward cache when somebody signed out, or a clock jumped meanwhile. */
  missedNews: boolean;
  /** When it came back from the back-forward cache: it asks then, and learns from the answer what it missed. */
  restoredAtMs: number;
}

export interface Day {
  readonly ledger: Ledger;
  /** Tabs opened so far. */
  openedCount(): number;
  /** Goes on to this moment, unless it has passed, and takes the step. */
  step(atMs: number, step: Step): Promise<void>;
  /** The rest of the day, a last operation everywhere, and the end of all pages. */
  end(): Promise<void>;
}

const sessionTokenUrl = `${shopUrl}/api/billingos-session`;
/** News of a sign-out reaches every page within this time. */
const newsMs = 100;
const longestAskMs = 10_000;
const mostTabs = 20;
const usualLatency = [5, 60] as const;
const slowLatency = [500, 4_000] as const;

const answers: Record<Exclude<TroubleKind, 'unreachable' | 'silent'>, () => Response> = {
  '500': () => new Response('', { status: 500 }),
  '503': () => new Response('', { status: 503, headers: { 'retry-after': '20' } }),
  '429': () => new Response('', { status: 429, headers: { 'retry-after': '30' } }),
  html: () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }),
  '204': () => new Response(null, { status: 204 }),
  empty: () => Response.json({}),
};

const troubleOf = (kind: TroubleKind): Trouble => (kind === 'unreachable' || kind === 'silent' ? kind : answers[kind]);

/** One user's day at one machine, against the real service; told step by step. */
export async function beginDay(service: Service, setting: DaySetting, openClient: OpenClient): Promise<Day> {
  const merchant = await service.newMerchant();
  merchant.lifetimeSeconds = setting.lifetimeSeconds;
  const world = createWorld({
    seed: setting.seed,
    origin: shopUrl,
    servers: { [shopUrl]: merchant.server, [apiUrl]: service.server },
    calendarAtStartMs: service.nowMs() + setting.calendarAheadMs,
    monotonicInSleep: setting.monotonicInSleep,
  });
  service.follow(world.nowMs);
  const ledger = createLedger(world.nowMs, setting);
  world.network.onExchange((exchange) => exchange.url === sessionTokenUrl && ledger.exchanged(exchange));
  return createDay(world, service, merchant, ledger, setting, openClient);
}

async function createDay(
  world: World,
  service: Service,
  merchant: Merchant,
  ledger: Ledger,
  setting: DaySetting,
  openClient: OpenClient,
): Promise<Day> {
  const pages: Page[] = [];
  const due: { atMs: number; act: () => void | Promise<void> }[] = [];
  const active = new Set<string>();
  let users = 0;
  let openedCount = 0;
  let signedOutAtMs: number | undefined;
  let wokeAtMs = -Infinity;
  /** Whether it was the app that signed out, and so told all pages. */
  let isTold = false;
  world.cookie = 'user-0';

  function open() {
    const tab = world.openTab();
    openedCount += 1;
    arrive();
    pages.push({
      tab,
      client: openClient(tab.host, sessionTokenUrl),
      operations: new Set(),
      runsSinceMs: world.nowMs(),
      missedNews: false,
      restoredAtMs: -Infinity,
    });
  }

  /** Whether it came a moment ago, and waits for what the others tell it. */
  const isListening = (page: Page) => isRunning(page) && world.nowMs() - page.runsSinceMs <= listenMs;
  const isWaiting = ({ tab }: Page) => tab.claim() === 'first' || tab.claim() === 'late';
  const isRunning = ({ tab }: Page) => tab.state() === 'visible' || tab.state() === 'hidden';
  const pageAt = (index: number) => pages[index % pages.length];

  /** A page that was opened or comes back: others tell it what they know, if they run. */
  function arrive() {
    if (pages.some((page) => isRunning(page) && page.runsSinceMs < world.nowMs())) ledger.pageArrives();
    else ledger.groupForgets();
  }

  function operate(page: Page) {
    const { tab, client, runsSinceMs } = page;
    if (!isRunning(page)) return;
    tab.run(() => {
      const heldBy = client.customerId();
      // The same query is under way: this one gets its answer.
      const joined = [...page.operations][0];
      const hasRun = () => pages.includes(page) && page.runsSinceMs === runsSinceMs && joined?.isJudged() !== false;
      const operation = ledger.operationBegins(hasRun, () => (pages.includes(page) ? page.runsSinceMs : Infinity));
      const user = world.cookie;
      page.operations.add(operation);
      void finish();

      async function finish() {
        const outcome = await client.operate();
        const isForAnother = 'customerId' in outcome && heldBy !== undefined && outcome.customerId !== heldBy;
        const isOfAnother = 'userId' in outcome && outcome.userId !== user;
        const nowHeldBy = client.customerId();
        // Somebody else logged in: what was begun for the one before is dropped, and that is a promise, too.
        const hasLeft = heldBy !== undefined && nowHeldBy !== undefined && nowHeldBy !== heldBy;
        page.operations.delete(operation);
        operation.end({ code: 'code' in outcome ? outcome.code : undefined, hasLeft, isForAnother, isOfAnother });
      }
    });
  }

  /** Something that ends by itself, and is not begun twice. */
  async function during(
    name: string,
    forMs: number,
    begin: () => void | Promise<void>,
    end: () => void | Promise<void>,
  ) {
    if (active.has(name)) return;
    active.add(name);
    ledger.troubleBegins();
    await begin();
    due.push({
      atMs: world.nowMs() + forMs,
      async act() {
        active.delete(name);
        await end();
        ledger.troubleEnds();
      },
    });
  }

  function close(page: Page) {
    ledger.pageCloses();
    page.tab.close();
    pages.splice(pages.indexOf(page), 1);
    if (pages.length === 0) ledger.groupEnds();
  }

  function become(page: Page, state: Exclude<TabState, 'closed'>) {
    const wasRunning = isRunning(page);
    if (page.tab.state() === 'cached') {
      arrive();
      page.missedNews = false;
      page.restoredAtMs = world.nowMs();
    }
    page.tab.become(state);
    if (wasRunning === isRunning(page)) return;
    page.runsSinceMs = wasRunning ? Infinity : world.nowMs();
    if (wasRunning) ledger.pageStops();
  }

  async function sleep(forMs: number) {
    ledger.troubleBegins();
    if (setting.monotonicInSleep === 'stops') missUnderWay();
    const waiting = pages.filter((page) => isWaiting(page) || isListening(page)).length;
    const late = pages.filter(({ tab }) => tab.claim() === 'late').length;
    const sleptSinceMs = world.nowMs();
    world.machine.sleep();
    await world.advance(forMs);
    world.machine.wake();
    if (waiting > 0) ledger.waitsAreCutShort(sleptSinceMs, waiting, late);
    if (isTold) wokeAtMs = world.nowMs();
    // What was under way when it fell asleep is lost a moment after it woke.
    await world.advance(newsMs);
    ledger.troubleEnds();
  }

  /** What is under way while one clock goes on without the other is of another time, and not believed. */
  function missUnderWay() {
    const isUnderWay = isTold && world.nowMs() <= (signedOutAtMs ?? -Infinity) + newsMs;
    for (const page of pages) page.missedNews ||= isUnderWay;
  }

  /** The site's own login ends, and nobody is told. */
  function leave({ afterMs, ...login }: Login) {
    if (signedOutAtMs !== undefined) return;
    ledger.troubleBegins();
    signedOutAtMs = world.nowMs();
    world.cookie = undefined;
    due.push({ atMs: world.nowMs() + afterMs, act: () => logIn(login) });
  }

  function signOut(page: Page, login: Login) {
    if (!isRunning(page)) return;
    leave(login);
    isTold = true;
    signedOutAtMs = world.nowMs();
    for (const other of pages) other.missedNews ||= other.tab.state() === 'cached';
    page.tab.run(page.client.signOut);
  }

  function logIn({ as, by }: Pick<Login, 'as' | 'by'>) {
    if (as === 'another') users += 1;
    world.cookie = `user-${users}`;
    // What is under way is for whoever was here before.
    ledger.troubleBegins();
    due.push({ atMs: world.nowMs() + 30_000, act: ledger.troubleEnds });
    if (signedOutAtMs !== undefined) ledger.troubleEnds();
    signedOutAtMs = undefined;
    isTold = false;
    for (const page of pages.slice()) (by === 'retry' ? retry : reload)(page);
  }

  function retry(page: Page) {
    page.missedNews = false;
    page.tab.run(() => {
      // A page that was held still sees only now who is logged in.
      if (signedOutAtMs !== undefined) return;
      ledger.pageRetries();
      page.client.retry();
    });
  }

  function reload(page: Page) {
    close(page);
    open();
  }

  async function revoke(by: 'session' | 'customer' | 'all', { client }: Page) {
    const customer = client.customerId();
    const session = client.sessionId();
    if (customer === undefined || session === undefined) return;
    await merchant.revoke(by === 'all' ? { all: true } : by === 'customer' ? { customer } : { session });
    ledger.tokensEnd(world.nowMs());
  }

  async function act(step: Step): Promise<void> {
    const page = 'tab' in step ? pageAt(step.tab) : undefined;
    switch (step.kind) {
      case 'operateAll':
        return pages.forEach(operate);
      case 'open':
        if (pages.length < mostTabs) open();
        return;
      case 'leave':
        return leave(step);
      case 'changeUser':
        return signedOutAtMs === undefined ? logIn(step) : undefined;
      case 'sleep':
        return sleep(step.forMs);
      case 'offline':
        return during(
          'offline',
          step.forMs,
          () => world.machine.setOnline(false),
          () => world.machine.setOnline(true),
        );
      case 'slow':
        return during(
          'slow',
          step.forMs,
          () => world.network.setLatency(slowLatency),
          () => world.network.setLatency(usualLatency),
        );
      case 'restart':
        return during('service', step.forMs, service.stop, service.start);
      case 'dropSigningKey':
        return during('service', step.forMs, service.stop, async () => {
          await service.dropSigningKey();
          ledger.tokensEnd(world.nowMs());
        });
      case 'trouble':
        return during(
          'trouble',
          step.forMs,
          () => world.network.setTrouble(shopUrl, troubleOf(step.trouble)),
          () => world.network.setTrouble(shopUrl, undefined),
        );
      case 'setCalendar':
        ledger.calendarJumps(step.byMs, pages.filter((held) => !isRunning(held)).length);
        missUnderWay();
        return world.machine.shiftCalendar(step.byMs);
      case 'revokeKey':
        if (active.has('service')) return;
        await merchant.revokeKey();
        return ledger.tokensEnd(world.nowMs());
      case 'rollKey':
        if (active.has('service')) return;
        await merchant.rollKey(step.overlapMs);
        return ledger.tokensEnd(world.nowMs() + step.overlapMs);
    }
    if (!page) return;
    switch (step.kind) {
      case 'operate':
        return operate(page);
      case 'close':
        return close(page);
      case 'reload':
        return reload(page);
      case 'cache':
        return become(page, 'cached');
      case 'become':
        return become(page, step.state);
      case 'signOut':
        return signOut(page, step);
      case 'revoke':
        return active.has('service') ? undefined : revoke(step.by, page);
    }
  }

  async function pass(ms: number) {
    const endMs = Math.min(world.nowMs() + ms, dayMs);
    for (;;) {
      const next = due.toSorted((one, other) => one.atMs - other.atMs)[0];
      if (!next || next.atMs > endMs) break;
      due.splice(due.indexOf(next), 1);
      await world.advance(Math.max(0, next.atMs - world.nowMs()));
      await next.act();
    }
    await world.advance(Math.max(0, endMs - world.nowMs()));
  }

  /** What began before midnight and has not ended. */
  async function settle() {
    for (;;) {
      const next = due.toSorted((one, other) => one.atMs - other.atMs)[0];
      if (!next) break;
      due.splice(due.indexOf(next), 1);
      await world.advance(Math.max(0, next.atMs - world.nowMs()));
      await next.act();
    }
  }

  function check() {
    ledger.check();
    if (signedOutAtMs === undefined || !isTold || setting.promises === 'counted') return;
    for (const { client, runsSinceMs, missedNews, restoredAtMs } of pages) {
      // A page that wakes may ask before it hears, and learns it from the answer.
      const hasHeard =
        world.nowMs() >
        Math.max(signedOutAtMs + newsMs, runsSinceMs + newsMs, restoredAtMs + longestAskMs, wokeAtMs + longestAskMs);
      if (hasHeard && !missedNews && client.customerId() !== undefined) {
        throw new BrokenPromise(`a token is held after sign-out (at ${Math.round(world.nowMs())} ms)`);
      }
    }
  }

  for (let count = 0; count < setting.tabs; count += 1) open();
  return {
    ledger,
    openedCount: () => openedCount,
    async step(atMs, step) {
      await pass(atMs - world.nowMs());
      check();
      ledger.note(Object.values(step).join(' '));
      await act(step);
      await world.advance(0);
      check();
    },
    async end() {
      await pass(dayMs);
      await settle();
      for (const page of pages) become(page, 'visible');
      await world.advance(newsMs);
      pages.forEach(operate);
      await world.advance(100_000);
      check();
      if (setting.promises !== 'counted' && pages.some(({ operations }) => operations.size > 0)) {
        throw new BrokenPromise('an operation never ends');
      }
      for (const { client, tab } of pages) {
        client.dispose();
        await world.advance(0);
        const { timers, listeners, channels } = tab.leftOver();
        if (timers + listeners + channels > 0) {
          throw new BrokenPromise(`left behind: ${timers} timers, ${listeners} listeners, ${channels} channels`);
        }
      }
    },
  };
}
