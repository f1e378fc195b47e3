import type { Owner } from '../../schema/context.ts';
import { ApiError } from '../../schema/errors.ts';
import type { Clock } from '../clock.ts';
import type { Unresolved } from '../customers/unresolved.ts';
import type { Database } from '../database/database.ts';
import type { Logger } from '../log.ts';
import type { StripeAccounts } from './account.ts';
import { type MirroredEvent, mirroredEventOf, type StripeEvent, stripeEventOf } from './event.ts';
import { isNewest } from './event-order.ts';
import { mirror, type Mirrored } from './mirror.ts';
import { createWebhookSecrets } from './webhook-secrets.ts';

export interface WebhookDelivery {
  /** The header `Stripe-Signature`. */
  readonly signature: string | null;
  /** The body as it was sent, byte by byte: the signature is over that. */
  readonly body: Uint8Array;
}

export interface Webhooks {
  /**
   * Takes one event of Stripe's into the mirror. What Stripe did not sign for this account is refused with INVALID_INPUT,
   * always in the same words; CONFLICT is for an event that comes before what it refers to.
   */
  take(owner: Owner, delivery: WebhookDelivery): Promise<void>;
}

interface WebhooksOptions {
  readonly database: Pick<Database, 'transaction'>;
  readonly accounts: Pick<StripeAccounts, 'find'>;
  readonly unresolved: Pick<Unresolved, 'recount'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly logger: Logger;
}

/** Why a delivery was refused: for the log of whoever mistyped the secret, not for the caller. */
type Refusal = 'no signature' | 'no secret' | 'forged, old or changed' | 'not an event' | 'other mode';

/** As Stripe writes it, with the time first. https://docs.stripe.com/webhooks#verify-manually */
const signatureShape = /^t=\d{1,12}(,v\d=[\da-f]{64}){1,20}$/;
const toleranceSeconds = 300;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function createWebhooks({ database, accounts, unresolved, clock, logger }: WebhooksOptions): Webhooks {
  const secretOf = createWebhookSecrets({ accounts, clock });

  async function verify(owner: Owner, { signature, body }: WebhookDelivery): Promise<StripeEvent | Refusal> {
    if (signature === null || !signatureShape.test(signature)) return 'no signature';
    const secret = await secretOf(owner);
    if (secret === null) return 'no secret';
    const event = await signedEventOf(body, signature, secret, clock.now());
    if (event === undefined) return 'forged, old or changed';
    const stripeEvent = stripeEventOf(event);
    if (!stripeEvent) return 'not an event';
    return stripeEvent.livemode === (owner.environment === 'live') ? stripeEvent : 'other mode';
  }

  const apply = (owner: Owner, event: MirroredEvent) =>
    database.transaction<Mirrored | { readonly kind: 'known' }>(async (transaction) =>
      (await isNewest(transaction, owner, event)) ? mirror(transaction, owner, event, clock.now()) : { kind: 'known' },
    );

  return {
    async take(owner, delivery) {
      const event = await verify(owner, delivery);
      if (typeof event === 'string') {
        logger.warn({ ...owner, reason: event }, 'a webhook was refused');
        throw notAccepted();
      }
      const { id, type } = event;
      const mirrored = mirroredEventOf(event);
      if (!mirrored) return logger.debug({ ...owner, id, type }, 'an event of Stripe is about nothing that is here');

      const outcome = await apply(owner, mirrored);
      if (mirrored.kind === 'customer') unresolved.recount(owner);
      // To be sent it again would change nothing.
      if (outcome.kind === 'unusable') {
        logger.warn({ ...owner, id, type, ...outcome }, 'an event of Stripe cannot be used');
      } else {
        logger.debug({ ...owner, id, type, outcome: outcome.kind }, 'an event of Stripe was taken');
      }
    },
  };
}

/** The one answer to everything that Stripe did not sign for this account. */
export const notAccepted = () => new ApiError('INVALID_INPUT', 'This webhook is not accepted.');

/** `undefined`: not signed so, or too long ago. */
async function signedEventOf(body: Uint8Array, signature: string, secret: string, nowMs: number): Promise<unknown> {
  const { Stripe } = await import('stripe');
  try {
    const text = utf8.decode(body);
    return await Stripe.webhooks.constructEventAsync(text, signature, secret, toleranceSeconds, undefined, nowMs);
  } catch {
    return undefined;
  }
}
