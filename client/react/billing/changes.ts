/** What a query shows. */
export type Noun = 'products' | 'subscription' | 'entitlements' | 'usage' | 'invoices' | 'paymentMethods';

/** What is another one after a plan was changed, canceled or resumed. */
export const changedByPlan: readonly Noun[] = ['subscription', 'entitlements', 'usage', 'invoices'];

export const changedByUse: readonly Noun[] = ['usage'];

/** What the customer may have done in another tab: on a page to pay, or where it changes how it pays. */
export const changedElsewhere: readonly Noun[] = [...changedByPlan, 'paymentMethods'];
