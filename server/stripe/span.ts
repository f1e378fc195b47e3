import { inSpan, SpanKind } from '../tracing.ts';

/** A span for a question to Stripe: what it is about, in words of ours. Stripe is not told of it. */
export const inStripeSpan = <Answer>(about: string, ask: () => Promise<Answer>): Promise<Answer> =>
  inSpan(`Stripe ${about}`, { kind: SpanKind.CLIENT, attributes: { 'peer.service': 'stripe' } }, ask);
