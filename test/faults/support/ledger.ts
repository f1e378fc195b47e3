import type { BillingOS } from '../../../client/node.ts';
import { answerTo, type Service } from './service.ts';

interface IssuedSession {
  readonly token: string;
  /** `asked`: the answer to its revocation has not arrived, so that it may have ended and may not. */
  state: 'active' | 'asked' | 'revoked';
}

/** What was acknowledged, and what was asked for without an answer. */
export interface Ledger {
  readonly sessions: Map<string, IssuedSession>;
  /** Ids by the merchant's own. */
  readonly customers: Map<string, string>;
  readonly uses: Map<string, { readonly customerId: string; isAcknowledged: boolean }>;
}

export const createLedger = (): Ledger => ({ sessions: new Map(), customers: new Map(), uses: new Map() });

export const acknowledgedIn = ({ sessions, customers, uses }: Ledger): number =>
  sessions.size +
  [...sessions.values()].filter(({ state }) => state === 'revoked').length +
  customers.size +
  [...uses.values()].filter(({ isAcknowledged }) => isAcknowledged).length;

export const quotaKey = 'exports';

/** So that uses can be counted: everybody has a quota without an end. */
export const applyQuota = (billingos: BillingOS) =>
  billingos.applyCatalog({
    features: [{ key: quotaKey, name: 'Exports', kind: 'QUOTA', unit: 'exports' }],
    products: [{ key: 'free', name: 'Free', default: true, features: [{ key: quotaKey }], prices: [] }],
  });

export const useOf = ({ customerId, idempotencyKey }: { customerId: string; idempotencyKey: string }) => ({
  customer: { id: customerId },
  featureKey: quotaKey,
  idempotencyKey,
});

/** What was acknowledged and is not there, by name. Everything that was asked for is asked for again, and must count once. */
export async function lostIn(ledger: Ledger, { url, billingos }: Service): Promise<string[]> {
  const sessions = [...ledger.sessions].map(([id, issued]) => async () => {
    const found = await billingos.session(id);
    const answer = await answerTo(url, issued.token);
    const isRight =
      issued.state === 'asked' ? /accepted|TOKEN_REVOKED/ : issued.state === 'revoked' ? /TOKEN_REVOKED/ : /accepted/;
    return found && isRight.test(answer) ? [] : [`session ${issued.state}: ${found?.status}, ${answer}`];
  });
  const customers = [...ledger.customers].map(([externalUserId, id]) => async () => {
    const found = await billingos.customer({ externalUserId });
    return found?.id === id ? [] : [`customer ${externalUserId}`];
  });
  const results = await eightAtOnce([...sessions, ...customers]);
  return [...results.flat(), ...(await lostUsesIn(ledger, billingos))];
}

async function lostUsesIn({ uses }: Ledger, billingos: BillingOS): Promise<string[]> {
  const all = [...uses].map(([idempotencyKey, use]) => ({ ...use, idempotencyKey }));
  if (all.length === 0) return [];
  const acknowledged = all.filter(({ isAcknowledged }) => isAcknowledged);
  const recordedAgain = await record(acknowledged, billingos);
  await record(all, billingos);
  const wrongTotals = [...new Set(all.map(({ customerId }) => customerId))].map((customerId) => async () => {
    const billing = await billingos.customerBilling({ id: customerId });
    const used = billing?.entitlements.find(({ feature }) => feature.key === quotaKey)?.usage?.used;
    const asked = all.filter((use) => use.customerId === customerId).length;
    return used === asked ? [] : [`${asked} uses of a customer were counted as ${used}`];
  });
  return [
    ...(recordedAgain === 0 ? [] : [`${recordedAgain} acknowledged uses`]),
    ...(await eightAtOnce(wrongTotals)).flat(),
  ];
}

/** A request may have a quarter of a MiB. */
const usesAtOnce = 500;

/** How many of them had not been counted before. */
async function record(uses: readonly Parameters<typeof useOf>[0][], billingos: BillingOS): Promise<number> {
  let recorded = 0;
  for (let at = 0; at < uses.length; at += usesAtOnce) {
    const { recordedCount } = await billingos.recordUsage(uses.slice(at, at + usesAtOnce).map(useOf));
    recorded += recordedCount;
  }
  return recorded;
}

async function eightAtOnce<Result>(work: readonly (() => Promise<Result>)[]): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...work];
  const worker = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) results.push(await next());
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return results;
}
