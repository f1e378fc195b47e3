/*
 * Every text that customers read, in English; `labels` of a component overrides each. What stands in braces is filled in.
 * Plain objects that a component puts together when it renders: so nobody loads the texts of another.
 */

export const commonLabels = {
  loading: 'Loading…',
  retry: 'Try again',
  back: 'Back',
  errorSignedOut: 'Log in to see this.',
  errorForbidden: 'You may not do this here.',
  errorPaymentFailed: 'The payment failed, and nothing was changed. Check how you pay, then try again.',
  errorConflict: 'Something has changed meanwhile. Look at it again, then try once more.',
  errorRateLimited: 'That was too much at once. Wait a moment, then try again.',
  errorNetwork: 'There was no answer. Check your connection, then try again.',
  errorOther: 'Something went wrong. Try again in a moment.',
};

export const priceLabels = {
  perDay: 'per day',
  perWeek: 'per week',
  perMonth: 'per month',
  perYear: 'per year',
  /** For two months and the like. */
  perPeriod: 'every {period}',
  once: 'once',
  free: 'Free',
  custom: 'You choose the amount',
  from: 'from {amount}',
  tierRange: '{first}–{last}',
  tierRest: '{first} and more',
  tierUnit: '{amount} each',
  tierFlat: '{amount} flat',
};

export const planChangeLabels = {
  changeTitle: 'Change to {plan}',
  chooseTitle: 'Change your plan',
  choosePlan: 'Plan',
  changeCurrent: 'Current',
  changeDueNow: 'Due now',
  changeCredit: 'Kept for your next invoices',
  changeThen: 'From then on',
  changeNextInvoice: 'Next invoice',
  changeConfirm: 'Confirm change',
  changed: 'Your plan is {plan} now.',
};

export const pricingLabels = {
  plans: 'Plans',
  interval: 'Billing period',
  daily: 'Daily',
  weekly: 'Weekly',
  monthly: 'Monthly',
  yearly: 'Yearly',
  everyPeriod: 'Every {period}',
  noPlans: 'There are no plans yet.',
  highlighted: 'Popular',
  currentPlan: 'Current plan',
  ends: 'Ends {date}',
  choose: 'Choose {plan}',
  change: 'Change to {plan}',
  included: 'Included',
  featureAmount: '{amount} {unit}',
  featureNamed: '{name}: {amount}',
  featureUnlimited: 'Unlimited {unit}',
};

export const usageLabels = {
  used: '{used} of {amount} {unit}',
  usedUnlimited: '{used} {unit}, unlimited',
  usedUp: 'Used up',
  resets: 'Starts again {date}',
};

export const checkoutLabels = {
  buy: 'Buy',
};

export const portalLabels = {
  portal: 'Billing',
  plan: 'Your plan',
  noPlan: 'You have no plan.',
  seePlans: 'See plans',
  unknownPlan: 'Your plan',
  quantity: '{quantity} × {price}',
  forQuantity: '{price} for {quantity}',
  statusActive: 'Active',
  statusTrialing: 'Trial',
  statusPastDue: 'Payment overdue',
  statusUnpaid: 'Unpaid',
  statusPaused: 'Paused',
  statusIncomplete: 'Waits for payment',
  statusCanceled: 'Ended',
  renews: 'Renews {date}',
  ends: 'Ends {date}',
  trialEnds: 'Trial ends {date}',
  changePlan: 'Change plan',
  cancelPlan: 'Cancel plan',
  resumePlan: 'Keep plan',
  resumed: 'Your plan goes on.',
  cancelTitle: 'Cancel your plan?',
  cancelMoment: 'When it ends',
  cancelAtPeriodEnd: 'At the end of the period',
  cancelAtPeriodEndDetail: 'You keep everything until {date}.',
  cancelNow: 'Now',
  cancelNowDetail: 'It ends at once; nothing is given back.',
  cancelConfirm: 'Cancel plan',
  canceled: 'Your plan is canceled.',
  usage: 'Usage',
  noUsage: 'Nothing is counted in your plan.',
  paymentMethods: 'Payment methods',
  noPaymentMethods: 'There is no payment method yet.',
  managePayment: 'Manage payment methods',
  defaultMethod: 'Default',
  cardEnding: '{brand} ending in {lastFour}',
  expires: 'Expires {date}',
  invoices: 'Invoices',
  noInvoices: 'There are no invoices yet.',
  invoiceDate: 'Date',
  invoiceNumber: 'Number',
  invoiceStatus: 'Status',
  invoiceTotal: 'Amount',
  invoiceLink: 'View',
  invoiceLinkName: 'View invoice {number}',
  invoiceDraft: 'Draft',
  invoiceOpen: 'Open',
  invoicePaid: 'Paid',
  invoiceUncollectible: 'Uncollectible',
  invoiceVoid: 'Void',
  moreInvoices: 'Show more',
};

export type CommonLabels = typeof commonLabels;
export type PriceLabels = typeof priceLabels;
export type PlanChangeLabels = CommonLabels & PriceLabels & typeof planChangeLabels;
export type PricingTableLabels = PlanChangeLabels & typeof pricingLabels;
export type UsageMeterLabels = CommonLabels & typeof usageLabels;
export type CheckoutButtonLabels = CommonLabels & typeof checkoutLabels;
export type CustomerPortalLabels = PlanChangeLabels & UsageMeterLabels & typeof portalLabels;

/** Puts values where their names stand in braces. */
export const fill = (label: string, values: Readonly<Record<string, string>>): string =>
  label.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
