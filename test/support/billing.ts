import { type Harness, send, shopOrigin, type TestMerchant } from './harness.ts';

export const cards = {
  good: '4242 4242 4242 4242',
  other: '5555 5555 5555 4444',
  declined: '4000 0000 0000 0002',
  asks: '4000 0025 0000 3155',
  failsLater: '4000 0000 0000 0341',
} as const;

export const successUrl = `${shopOrigin}/paid`;
export const cancelUrl = `${shopOrigin}/plans`;
export const returnUrl = `${shopOrigin}/account`;

const subscriptionFields = `id status currentPeriodStart currentPeriodEnd cancelAtPeriodEnd canceledAt createdAt
  items { quantity price { key } product { key } }`;
const invoiceFields = 'id number status currency total amountDue amountPaid createdAt url lines { description amount }';

/** The data of one root field; its code when it fails. */
export async function ask(
  { graphql }: Pick<Harness, 'graphql'>,
  { credential, environment = 'test' }: { credential: string; environment?: TestMerchant['environment'] },
  text: string,
  variables: object = {},
) {
  const { data, code } = await graphql(credential, text, variables, { environment });
  return code ?? Object.values(data ?? {})[0];
}

/** Moves the test clock of a merchant, and lets happen what is due. */
export const advance = (harness: Harness, { secretKey, environment }: TestMerchant, bySeconds: number) =>
  ask(
    harness,
    { credential: secretKey, environment },
    'mutation ($by: Int!) { advanceTestClock(bySeconds: $by) { now } }',
    { by: bySeconds },
  );

/** Sends the form of a page, as a browser does it that follows nothing. */
export const submit = ({ app }: Pick<Harness, 'app'>, url: string, fields: Record<string, string>) =>
  send(app, url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });

/** A user of the merchant's with a session, and what a page can do for it. */
export async function openCustomer(harness: Harness, externalUserId: string, merchant = harness.merchant) {
  const { environment } = merchant;
  const { sessionToken, customer } = await merchant.billingos.createSessionToken({ externalUserId });
  const own = (text: string, variables: object = {}) =>
    ask(harness, { credential: sessionToken, environment }, text, variables);

  const createCheckout = (price: string, quantity = 1) =>
    own('mutation ($input: CreateCheckoutInput!) { createCheckout(input: $input) { id url expiresAt } }', {
      input: { price, quantity, successUrl, cancelUrl },
    });
  const payAt = (url: string, card: string = cards.good, action = 'pay') => submit(harness, url, { action, card });

  const invoicePage = async (first: number, after: string | null) => {
    const { invoices } = await own(
      `query ($first: Int, $after: String) { viewer { invoices(first: $first, after: $after) {
        edges { node { ${invoiceFields} } } pageInfo { hasNextPage endCursor } } } }`,
      { first, after },
    );
    return invoices;
  };

  return {
    id: customer.id,
    token: sessionToken,
    own,
    createCheckout,
    payAt,
    async buy(price: string, { quantity = 1, card = cards.good }: { quantity?: number; card?: string } = {}) {
      const { status } = await payAt((await createCheckout(price, quantity)).url, card);
      if (status !== 303) throw new Error(`The checkout answered ${status}.`);
    },
    async useCard(card: string) {
      const { url } = await own('mutation ($url: String!) { createPortalSession(returnUrl: $url) { url } }', {
        url: returnUrl,
      });
      return submit(harness, url, { action: 'replace', card });
    },
    subscription: async () => (await own(`{ viewer { subscription { ${subscriptionFields} } } }`)).subscription,
    invoicePage,
    /** The newest first. */
    invoices: async () => (await invoicePage(100, null)).edges.map(({ node }: { node: object }) => node),
    preview: (price: string, quantity = 1) =>
      own(
        `query ($input: PlanInput!) { previewPlanChange(input: $input) {
          currency amountDueNow recurringAmount nextInvoiceAt lines { description amount } } }`,
        { input: { price, quantity } },
      ),
    changePlan: (price: string, quantity = 1) =>
      own(`mutation ($input: PlanInput!) { changePlan(input: $input) { ${subscriptionFields} } }`, {
        input: { price, quantity },
      }),
    cancel: (at: 'PERIOD_END' | 'NOW' = 'PERIOD_END') =>
      own(`mutation ($at: CancellationMoment) { cancelSubscription(at: $at) { ${subscriptionFields} } }`, { at }),
    resume: () => own(`mutation { resumeSubscription { ${subscriptionFields} } }`),
    feature: async (key: string) =>
      (
        await own(
          `query ($key: ID!) { viewer { feature(key: $key) {
            granted amount usage { used amount remaining periodStart periodEnd } } } }`,
          { key },
        )
      ).feature,
    track: (idempotencyKey: string, { featureKey = 'exports', amount = 1, mode = 'RECORD' } = {}) =>
      own(`mutation ($input: TrackUsageInput!) { trackUsage(input: $input) { outcome usage { used remaining } } }`, {
        input: { featureKey, amount, idempotencyKey, mode },
      }),
  };
}

export type TestCustomer = Awaited<ReturnType<typeof openCustomer>>;
