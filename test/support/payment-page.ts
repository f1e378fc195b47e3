import type { Harness } from './harness.ts';
import { send, shopOrigin } from './harness.ts';

/** A card that pays, as somebody types it. */
export const goodCard = '4242 4242 4242 4242';

export const returnUrls = { successUrl: `${shopOrigin}/paid`, cancelUrl: `${shopOrigin}/plans` };

const checkout = 'mutation ($input: CreateCheckoutInput!) { createCheckout(input: $input) { id url } }';
const portal = 'mutation ($returnUrl: String!) { createPortalSession(returnUrl: $returnUrl) { url } }';

export const createCheckout = (harness: Harness, token: string, input: object) =>
  harness.graphql(token, checkout, { input: { ...returnUrls, ...input } });

export const createPortal = (harness: Harness, token: string, returnUrl: string = `${shopOrigin}/account`) =>
  harness.graphql(token, portal, { returnUrl });

/** A page of the built-in payments, as a browser gets it. */
export const openPage = ({ app }: Harness, url: string): Promise<Response> => send(app, url);

/** Its form, as a browser sends it. */
export const submitPage = (
  { app }: Harness,
  url: string,
  fields: Readonly<Record<string, string>> = { action: 'pay', card: goodCard },
): Promise<Response> =>
  send(app, url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });

/** Buys it, from the checkout to the paid page. @returns where it was paid. */
export async function buy(harness: Harness, token: string, price: string, card: string = goodCard): Promise<string> {
  const { data, text } = await createCheckout(harness, token, { price });
  const url: string | undefined = data?.['createCheckout'].url;
  if (url === undefined) throw new Error(`No checkout: ${text}`);
  const asked = await submitPage(harness, url, { action: 'pay', card });
  const paid = asked.status === 200 ? await submitPage(harness, url, { action: 'authenticate', card }) : asked;
  if (paid.status !== 303) throw new Error(`Not paid: ${paid.status}`);
  return url;
}
