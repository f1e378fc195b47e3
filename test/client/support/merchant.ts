import { BillingOSError } from '../../../client/errors.ts';
import type { SessionAnswer } from '../../../client/session/source.ts';
import { createToken } from './token.ts';
import type { World } from './world.ts';

export type Answer = 'fresh' | 'same' | 'unreachable' | 'nobody' | 'nonsense' | 'silence';

export interface Merchant {
  /** What it answers from now on. */
  answer: Answer;
  answerAfterMs: number;
  customerId: string;
  /** When it was asked, in milliseconds of the world. */
  readonly asks: number[];
  readonly ask: () => Promise<SessionAnswer | string | null>;
  latestToken(): string;
}

/** The merchant's server as a page sees it. */
export function createMerchant(world: World, lifetimeSeconds = 3600): Merchant {
  const asks: number[] = [];
  let latest = '';

  function issue(customerId: string): SessionAnswer {
    const issuedAtSeconds = 1_800_000_000 + Math.floor(world.nowMs() / 1000);
    latest = createToken({ customerId, lifetimeSeconds, issuedAtSeconds, name: `${asks.length}` });
    return { sessionToken: latest, expiresIn: lifetimeSeconds };
  }

  const answers: Record<Answer, (customerId: string) => Promise<SessionAnswer | string | null>> = {
    fresh: async (customerId) => issue(customerId),
    same: async (customerId) => latest || issue(customerId),
    unreachable: () => Promise.reject(new BillingOSError('NETWORK_ERROR', 'No answer.')),
    nobody: async () => null,
    nonsense: async () => 'bos_session_test_nonsense',
    silence: () => new Promise(() => {}),
  };

  const merchant: Merchant = {
    answer: 'fresh',
    answerAfterMs: 0,
    customerId: 'cus_ada',
    asks,
    async ask() {
      asks.push(world.nowMs());
      // Who is logged in is looked at when the request comes.
      const { answer, customerId } = merchant;
      if (merchant.answerAfterMs > 0) await world.pass(merchant.answerAfterMs);
      return answers[answer](customerId);
    },
    latestToken: () => latest,
  };
  return merchant;
}
