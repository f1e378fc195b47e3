import type { Environment } from '../../schema/environment.ts';
import { ApiError } from '../../schema/errors.ts';
import { isMerchantId } from '../../schema/id.ts';
import type { Logger } from '../log.ts';
import { notAccepted, type Webhooks } from '../stripe/webhook.ts';
import { type Connection, createFrame, type Handler } from './frame.ts';
import type { RateLimits } from './rate-limit.ts';
import { checkLength } from './request-rules.ts';

interface WebhookHandlerOptions {
  readonly environment: Environment;
  readonly webhooks: Webhooks;
  readonly rateLimits: Pick<RateLimits, 'countStranger' | 'refuseStranger'>;
  readonly logger: Logger;
}

const maxBodyBytes = 1_048_576;

/** Where Stripe tells of what happened to one merchant's account, whose id ends the path. Any 2xx is the end of it for Stripe. */
export function createWebhookHandler(options: WebhookHandlerOptions): Handler {
  const { environment, webhooks, rateLimits, logger } = options;

  async function take(request: Request): Promise<Response> {
    if (request.method !== 'POST') {
      throw new ApiError('INVALID_INPUT', 'Use POST.', { status: 405, headers: { allow: 'POST' } });
    }
    checkLength(request.headers, maxBodyBytes);
    const { pathname } = new URL(request.url);
    const merchantId = pathname.slice(pathname.lastIndexOf('/') + 1);
    if (!isMerchantId(merchantId)) throw notAccepted();
    const signature = request.headers.get('stripe-signature');
    const body = new Uint8Array(await request.arrayBuffer());
    await webhooks.take({ merchantId, environment }, { signature, body });
    return Response.json({ received: true });
  }

  /** Stripe may send as much as there is: for an address counts only what was not accepted from there. */
  async function answer(request: Request, { address }: Connection): Promise<Response> {
    await rateLimits.refuseStranger(address);
    try {
      return await take(request);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'INVALID_INPUT') await rateLimits.countStranger(address);
      throw error;
    }
  }

  return createFrame({ environment, logger, name: 'webhook', answer });
}
