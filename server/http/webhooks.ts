import type { Environment } from '../../schema/environment.ts';
import { ApiError } from '../../schema/errors.ts';
import { isMerchantId } from '../../schema/id.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { notAccepted, type Webhooks } from '../stripe/webhook.ts';
import { createFrame } from './frame.ts';
import { type Answer, type ApiRequest, type Handler, jsonAnswer, pathOf } from './message.ts';
import type { RateLimits } from './rate-limit.ts';
import { checkLength } from './request-rules.ts';

interface WebhookHandlerOptions {
  readonly environment: Environment;
  readonly webhooks: Webhooks;
  readonly rateLimits: Pick<RateLimits, 'countStranger'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const maxBodyBytes = 1_048_576;

/** Where Stripe tells of what happened to one merchant's account, whose id ends the path. Any 2xx is the end of it for Stripe. */
export function createWebhookHandler(options: WebhookHandlerOptions): Handler {
  const { environment, webhooks, rateLimits, logger, metrics } = options;

  async function take(request: ApiRequest): Promise<Answer> {
    if (request.method !== 'POST') {
      throw new ApiError('INVALID_INPUT', 'Use POST.', { status: 405, headers: { allow: 'POST' } });
    }
    checkLength(request.headers, maxBodyBytes);
    const pathname = pathOf(request.url) ?? '';
    const merchantId = pathname.slice(pathname.lastIndexOf('/') + 1);
    if (!isMerchantId(merchantId)) throw notAccepted();
    const signature = request.headers.get('stripe-signature');
    // Before a body of a mebibyte is taken in.
    if (signature === null) throw notAccepted();
    const body = await request.readBody();
    await webhooks.take({ merchantId, environment }, { signature, body });
    return jsonAnswer(200, { received: true });
  }

  /**
   * For an address counts only what was not accepted from there. What Stripe has signed is taken whatever else came from its
   * addresses, which it shares among all merchants.
   */
  async function answer(request: ApiRequest): Promise<Answer> {
    try {
      return await take(request);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'INVALID_INPUT') await rateLimits.countStranger(request.address);
      throw error;
    }
  }

  return createFrame({ environment, logger, metrics, name: 'webhook', answer });
}
