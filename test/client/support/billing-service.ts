import type {
  CancellationMoment,
  EntitlementFragment,
  InvoiceFragment,
  PaymentMethodFragment,
  PlanChangePreviewFragment,
  PlanInput,
  ProductFragment,
  SubscriptionFragment,
  TrackUsageInput,
  UsageFragment,
} from '../../../client/generated.ts';
import { httpStatusByErrorCode, type ErrorCode } from '../../../schema/error-codes.ts';
import { card, entitlementTo, exportsFeature, free, invoice, preview, pro, team, usageOf } from './billing-data.ts';

interface Request {
  readonly operation: string;
  readonly variables: Record<string, unknown>;
}

/** What the service knows of one customer. A test changes it as it likes. */
export interface BillingState {
  products: readonly ProductFragment[];
  subscription: SubscriptionFragment | null;
  entitlement: EntitlementFragment;
  usage: UsageFragment;
  invoices: readonly InvoiceFragment[];
  paymentMethods: readonly PaymentMethodFragment[];
  preview: PlanChangePreviewFragment;
}

/** What an operation meets before it is answered. */
type Fault = ErrorCode | 'no answer';

/** The billing half of the service as the network shows it, in memory: it answers by what it knows, and does what it is told. */
export function createBillingService(known: Partial<BillingState> = {}) {
  const state: BillingState = {
    products: [free, pro, team],
    subscription: null,
    entitlement: entitlementTo(exportsFeature, true),
    usage: usageOf(430),
    invoices: [invoice(2), invoice(1)],
    paymentMethods: [card],
    preview,
    ...known,
  };
  const requests: Request[] = [];
  const faults = new Map<string, Fault>();
  const gates = new Map<string, Promise<void>>();

  async function answer(_input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const { operationName, variables } = JSON.parse(init?.body as string) as {
      operationName: string;
      variables?: Request['variables'];
    };
    requests.push({ operation: operationName, variables: variables ?? {} });
    await gates.get(operationName);
    const fault = faults.get(operationName);
    if (fault === 'no answer') throw new TypeError('Failed to fetch');
    if (fault) return refusal(fault);
    const answerOf = answers[operationName];
    if (!answerOf) throw new Error(`The script has no ${operationName}.`);
    return Response.json({ data: answerOf(state, variables ?? {}) });
  }

  return {
    fetch: answer,
    state,
    requests,
    /** How often an operation was sent. */
    count: (operation: string) => requests.filter((request) => request.operation === operation).length,
    /** The variables of the newest one. */
    latest: (operation: string) => requests.findLast((request) => request.operation === operation)?.variables,
    /** From now on this operation fails so; `undefined`: no longer. */
    fail: (operation: string, fault: Fault | undefined) =>
      fault ? faults.set(operation, fault) : faults.delete(operation),
    /** Holds the answers to this operation back until the returned function is called. */
    hold(operation: string): () => void {
      const ends: (() => void)[] = [];
      gates.set(operation, new Promise((resolve) => ends.push(resolve)));
      return () => {
        gates.delete(operation);
        for (const end of ends) end();
      };
    },
  };
}

type AnswerOf = (state: BillingState, variables: Record<string, unknown>) => unknown;

const answers: Readonly<Record<string, AnswerOf>> = {
  Products: ({ products }) => ({ products }),
  CurrentSubscription: ({ subscription }) => ({ viewer: { subscription } }),
  Entitlements: ({ entitlement }) => ({ viewer: { entitlements: [entitlement] } }),
  FeatureAccess: ({ entitlement }) => ({ viewer: { feature: entitlement } }),
  FeatureUsage: ({ usage }) => ({ viewer: { usage } }),
  UsedQuotas: ({ usage }) => ({ viewer: { entitlements: [{ usage }, { usage: null }] } }),
  PaymentMethods: ({ paymentMethods }) => ({ viewer: { paymentMethods } }),
  Invoices: ({ invoices }, { first, after }) => ({ viewer: { invoices: pageOf(invoices, first, after) } }),
  PreviewPlanChange: (state) => ({ previewPlanChange: state.preview }),
  ChangePlan(state, { input }) {
    const { price: key } = input as PlanInput;
    const product = state.products.find(({ prices }) => prices.some((price) => price.key === key));
    const price = product?.prices.find((one) => one.key === key) ?? null;
    return { changePlan: subscribe(state, { items: [{ quantity: 1, price, product: product ?? null }] }) };
  },
  CancelSubscription(state, { at }) {
    const now = (at as CancellationMoment) === 'NOW';
    const change: Partial<SubscriptionFragment> = now ? { status: 'CANCELED' } : { cancelAtPeriodEnd: true };
    return { cancelSubscription: subscribe(state, change) };
  },
  ResumeSubscription: (state) => ({ resumeSubscription: subscribe(state, { cancelAtPeriodEnd: false }) }),
  TrackUsage(state, { input }) {
    const { amount } = input as TrackUsageInput;
    state.usage = usageOf(state.usage.used + (amount ?? 1), state.usage.amount);
    return { trackUsage: { outcome: 'RECORDED', usage: state.usage } };
  },
  CreateCheckout: () => ({
    createCheckout: { id: 'cs_1', url: 'https://pay.example/cs_1', expiresAt: '2026-11-02T12:00:00.000Z' },
  }),
  CreatePortalSession: () => ({ createPortalSession: { url: 'https://pay.example/portal' } }),
};

function subscribe(state: BillingState, change: Partial<SubscriptionFragment>): SubscriptionFragment {
  if (!state.subscription) throw new Error('There is no subscription to change.');
  state.subscription = { ...state.subscription, ...change };
  return state.subscription;
}

/** Cursors are ids. */
function pageOf(invoices: readonly InvoiceFragment[], first: unknown, after: unknown) {
  const from = invoices.findIndex(({ id }) => id === after) + 1;
  const to = from + (first as number);
  const edges = invoices.slice(from, to).map((node) => ({ cursor: node.id, node }));
  return { edges, pageInfo: { endCursor: edges.at(-1)?.cursor ?? null, hasNextPage: to < invoices.length } };
}

const refusal = (code: ErrorCode) =>
  Response.json(
    { errors: [{ message: `Refused: ${code}.`, extensions: { code } }] },
    { status: httpStatusByErrorCode[code], headers: { 'x-request-id': 'req_1' } },
  );
