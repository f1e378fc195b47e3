import type { Trouble } from '../network.ts';
import type { Tab, TabState } from '../tab.ts';
import { createWorld, type World } from '../world.ts';
import { BrokenPromise, createLedger, type Ledger } from './ledger.ts';
import type { OpenClient, PageClient } from './page-client.ts';
import { apiUrl, shopUrl, type Merchant, type Service } from './service.ts';

export interface DaySetting {
  readonly seed: number;
  readonly tabs: number;
  readonly lifetimeSeconds: number;
  readonly monotonicInSleep: 'stops' | 'goes on';
  /** How far the machine's calendar is off. */
  readonly calendarAheadMs: number;
}

export type TroubleKind = 'unreachable' | 'silent' | '500' | '503' | '429' | 'html' | '204' | 'empty';

/** What may happen in a day. A tab is named by any number, and found by its remainder. */
export type Step =
  | { readonly kind: 'operate' | 'reload' | 'close' | 'cache' | 'signOut'; readonly tab: number }
  | { readonly kind: 'operateAll' | 'open' | 'logIn' | 'logInAsAnother' | 'revokeKey' }
  | { readonly kind: 'become'; readonly tab: number; readonly state: 'visible' | 'hidden' | 'frozen' }
  | { readonly kind: 'sleep' | 'offline' | 'slow' | 'restart' | 'dropSigningKey'; readonly forMs: number }
  | { readonly kind: 'trouble'; readonly trouble: TroubleKind; readonly forMs: number }
  | { readonly kind: 'setCalendar'; readonly byMs: number }
  | { readonly kind: 'rollKey'; readonly overlapMs: number }
  | { readonly kind: 'revoke'; readonly by: 'session' | 'customer' | 'all'; readonly tab: number };

/** One tab and what is in it. A reload makes another one. */
interface Page {
  readonly tab: Tab;
  client: PageClient;
  /** Since when it has run without a break. */
  runsSinceMs: number;
  /** It was in the back-forward cache when somebody signed out: no message reached it. */
  missedSignOut: boolean;
}

export interface Day {
  readonly ledger: Ledger;
  step(pauseMs: number, step: Step): Promise<void>;
  /** The rest of the day, a last operation everywhere, and the end of all pages. */
  end(): Promise<void>;
}

const dayMs = 86_400_000;
const sessionTokenUrl = `${shopUrl}/api/billingos-session`;
/** News of a sign-out reaches every page within this time. */
const newsMs = 100;
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
    calendarAtStartMs: Date.UTC(2026, 0, 1) + setting.calendarAheadMs,
    monotonicInSleep: setting.monotonicInSleep,
  });
  service.follow(world.nowMs);
  const ledger = createLedger(world.nowMs, setting.lifetimeSeconds);
  if (process.env['TRACE'])
    world.network.onExchange(
      (exchange) => exchange.url === sessionTokenUrl && console.error('  ask', Math.round(exchange.sentAtMs)),
    );
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
  let signedOutAtMs: number | undefined;
  world.cookie = 'user-0';

  function open() {
    const tab = world.openTab();
    pages.push({
      tab,
      client: openClient(tab.host, sessionTokenUrl),
      runsSinceMs: world.nowMs(),
      missedSignOut: false,
    });
  }

  const pageAt = (index: number) => pages[index % pages.length];

  function operate({ tab, client, runsSinceMs }: Page) {
    if (tab.state() !== 'visible' && tab.state() !== 'hidden') return;
    tab.run(() => {
      const heldBy = client.customerId();
      const end = ledger.operationBegins();
      const page = pages.find((other) => other.client === client);
      void client.operate().then((outcome) => {
        const isForAnother = 'customerId' in outcome && heldBy !== undefined && outcome.customerId !== heldBy;
        const hasRun = page !== undefined && pages.includes(page) && page.runsSinceMs === runsSinceMs;
        // Somebody else logged in: what was begun for the one before is dropped, and that is a promise, too.
        const hasLeft = heldBy !== undefined && client.customerId() !== heldBy;
        end({ code: 'code' in outcome && !hasLeft ? outcome.code : undefined, hasRun, isForAnother });
      });
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
    page.tab.close();
    pages.splice(pages.indexOf(page), 1);
  }

  function become(page: Page, state: Exclude<TabState, 'closed'>) {
    const before = page.tab.state();
    const wasRunning = before === 'visible' || before === 'hidden';
    page.tab.become(state);
    if (wasRunning && (state === 'frozen' || state === 'cached')) page.runsSinceMs = Infinity;
    if (!wasRunning && (state === 'visible' || state === 'hidden')) page.runsSinceMs = world.nowMs();
    if (before === 'cached') ledger.allowAsk();
  }

  async function sleep(forMs: number) {
    ledger.troubleBegins();
    world.machine.sleep();
    await world.advance(forMs);
    world.machine.wake();
    ledger.allowAsk();
    // What was under way when it fell asleep is lost a moment after it woke.
    await world.advance(newsMs);
    ledger.troubleEnds();
  }

  function signOut(page: Page) {
    if (signedOutAtMs !== undefined || page.runsSinceMs === Infinity) return;
    ledger.troubleBegins();
    signedOutAtMs = world.nowMs();
    world.cookie = undefined;
    for (const other of pages) other.missedSignOut ||= other.tab.state() === 'cached';
    page.tab.run(page.client.signOut);
  }

  function logIn(cookie: string) {
    if (signedOutAtMs !== undefined) ledger.troubleEnds();
    signedOutAtMs = undefined;
    if (cookie !== world.cookie) {
      // What is under way is for whoever was here before.
      ledger.troubleBegins();
      due.push({ atMs: world.nowMs() + 30_000, act: ledger.troubleEnds });
    }
    world.cookie = cookie;
    for (const page of pages) {
      page.missedSignOut = false;
      page.tab.run(() => {
        ledger.retried();
        ledger.allowAsk();
        page.client.retry();
      });
    }
  }

  async function revoke(by: 'session' | 'customer' | 'all', page: Page) {
    const customer = page.client.customerId();
    if (by !== 'all' && customer === undefined) return;
    await merchant.revoke(by === 'all' || customer === undefined ? { all: true } : { customer });
    ledger.tokensEnd(world.nowMs());
  }

  async function act(step: Step): Promise<void> {
    const page = 'tab' in step ? pageAt(step.tab) : undefined;
    switch (step.kind) {
      case 'operateAll':
        return pages.forEach(operate);
      case 'open':
        if (pages.length < mostTabs) open();
        return ledger.allowAsk();
      case 'logIn':
        return logIn(`user-${users}`);
      case 'logInAsAnother':
        users += 1;
        return logIn(`user-${users}`);
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
        ledger.allowAsk();
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
        close(page);
        open();
        return ledger.allowAsk();
      case 'cache':
        return become(page, 'cached');
      case 'become':
        return become(page, step.state);
      case 'signOut':
        return signOut(page);
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

  function check() {
    ledger.check();
    if (signedOutAtMs === undefined) return;
    for (const { client, runsSinceMs, missedSignOut } of pages) {
      const isTold = world.nowMs() > Math.max(signedOutAtMs, runsSinceMs) + newsMs;
      if (isTold && !missedSignOut && client.customerId() !== undefined) {
        throw new BrokenPromise(`a token is held after sign-out (at ${Math.round(world.nowMs())} ms)`);
      }
    }
  }

  for (let count = 0; count < setting.tabs; count += 1) open();
  return {
    ledger,
    async step(pauseMs, step) {
      if (process.env['TRACE']) console.error(Math.round(world.nowMs() + pauseMs), JSON.stringify(step));
      await pass(pauseMs);
      check();
      await act(step);
      await world.advance(0);
      check();
    },
    async end() {
      await pass(dayMs);
      for (const page of pages) become(page, 'visible');
      pages.forEach(operate);
      await world.advance(100_000);
      check();
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
