import type { App } from '../../../server/app.ts';
import { apply, smallCatalog } from '../../support/catalog.ts';
import { type GraphqlAnswer, type Harness, publicUrl, send, shopOrigin, toAnswer } from '../../support/harness.ts';

const urls = `successUrl: "${shopOrigin}/paid", cancelUrl: "${shopOrigin}/plans"`;

const ofMerchant = [
  'mutation { createSession(input: { externalUserId: "ada" }) { session { id customer { id } } } }',
  'mutation { createSession(input: { externalUserId: "bob", email: "bob@shop.example" }) { unresolvedCustomers } }',
  'mutation { revokeSession(id: "$session") { id } }',
  'mutation { revokeSessions(by: { customer: "$customer" }) { revokedCount } }',
  '{ session(id: "$session") { id status } sessions(first: 2) { edges { node { id } } } }',
  '{ introspectSession(token: "$token") { active session { id } } }',
  '{ customers { edges { node { id subscription { id } entitlements { feature { key } } } } } }',
  '{ customer(by: { externalUserId: "ada" }) { id } explainBinding(customerId: "$customer") { customer { id } } }',
  '{ products { key } import(id: "none") { id } unresolvedCustomers { edges { node { reason } } } }',
  'mutation { createCustomer(input: { identity: { externalUserId: "eve" } }) { id } }',
  'mutation { updateCustomer(id: "$customer", input: { email: "ada@shop.example" }) { id } }',
  'mutation { recordUsage(events: [{ customer: { id: "$customer" }, featureKey: "exports", idempotencyKey: "1" }]) { recordedCount } }',
  'mutation { advanceTestClock(bySeconds: 1) { now } }',
  'mutation { deleteCustomer(id: "none") { deletedId } }',
];

const ofCustomer = [
  '{ viewer { id subscription { id } entitlements { feature { key } } invoices { edges { node { id } } } paymentMethods { id } } }',
  '{ currentSession { id } node(id: "$customer") { id } products { key } }',
  'mutation { trackUsage(input: { featureKey: "exports", idempotencyKey: "2" }) { outcome } }',
  `mutation { createCheckout(input: { price: "pro-monthly", quantity: 1, ${urls} }) { url } }`,
  `mutation { createPortalSession(returnUrl: "${shopOrigin}/account") { url } }`,
  '{ previewPlanChange(input: { price: "team-monthly", quantity: 1 }) { amountDueNow } }',
];

interface Volley {
  /** Places of the requests that are sent; all when left out. */
  readonly only?: ReadonlySet<number> | undefined;
  readonly onSend?: (index: number) => void;
}

type Sent = readonly [path: string, init: RequestInit];

const graphql = (credential: string, query: string): Sent => [
  '/sandbox/graphql',
  {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify({ query }),
  },
];

/** A bit of everything that can be sent, from a merchant, a customer, Stripe and a stranger. Some of it is wrong. */
export async function createBattery(harness: Harness) {
  const { merchant } = harness;
  await apply(harness, merchant, smallCatalog);
  const webhook = { method: 'POST', body: '{}', headers: { 'stripe-signature': 't=1,v1=0' } };
  const others: readonly Sent[] = [
    [`/sandbox/webhooks/stripe/${merchant.id}`, webhook],
    ['/sandbox/pay/none', {}],
    ['/sandbox/.well-known/jwks.json', {}],
  ];

  /** Fires all of it, one after the other: each time the same. Nothing of it may reject. */
  return async (app: App, { only, onSend }: Volley = {}): Promise<GraphqlAnswer[]> => {
    const { sessionToken, session, customer } = await merchant.billingos.createSessionToken({ externalUserId: 'ada' });
    const filled = (query: string) =>
      query.replaceAll('$session', session.id).replaceAll('$customer', customer.id).replaceAll('$token', sessionToken);
    const sent = [
      // The customer first: the merchant ends its session.
      ...ofCustomer.map((query) => graphql(sessionToken, filled(query))),
      ...ofMerchant.map((query) => graphql(merchant.secretKey, filled(query))),
      ...others,
    ];
    const answers: GraphqlAnswer[] = [];
    for (const [index, [path, init]] of sent.entries()) {
      if (only && !only.has(index)) continue;
      onSend?.(index);
      answers.push(await toAnswer(await send(app, `${publicUrl}${path}`, init)));
    }
    return answers;
  };
}
