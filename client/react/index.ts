'use client';

export { BillingOSProvider, type BillingOSProviderProps } from './provider.tsx';
export { useBillingOS } from './context.ts';
export { useSession, type UseSession } from './use-session.ts';
export { useCustomer, type UseCustomer } from './use-customer.ts';
export { useProducts, type UseProducts } from './billing/use-products.ts';
export { useSubscription, type UseSubscription } from './billing/use-subscription.ts';
export { useEntitlements, type UseEntitlements } from './billing/use-entitlements.ts';
export { useFeature, type UseFeature } from './billing/use-feature.ts';
export { useUsage, type UseUsage } from './billing/use-usage.ts';
export { useInvoices, type UseInvoices } from './billing/use-invoices.ts';
export { usePaymentMethods, type UsePaymentMethods } from './billing/use-payment-methods.ts';
export { usePlanChange, type UsePlanChange } from './billing/use-plan-change.ts';
export { useCancellation, type UseCancellation } from './billing/use-cancellation.ts';
export { useCheckout, type CheckoutRequest, type UseCheckout } from './billing/use-checkout.ts';
export { usePortal, type PortalRequest, type UsePortal } from './billing/use-portal.ts';
export { useTrackUsage, type TrackedUse, type TrackUsage } from './billing/use-track-usage.ts';
export { useRefetchBilling } from './billing/use-refetch-billing.ts';
export type { ActionState } from './billing/action.ts';
export type { Opens } from './billing/visit.ts';
export { PricingTable, type PricingTableProps } from './components/pricing-table.tsx';
export { CheckoutButton, type CheckoutButtonProps } from './components/checkout-button.tsx';
export { CustomerPortal, type CustomerPortalProps } from './components/customer-portal.tsx';
export type { PortalSection } from './components/section.tsx';
export { FeatureGate, type FeatureGateProps } from './components/feature-gate.tsx';
export { UsageMeter, type UsageMeterProps } from './components/usage-meter.tsx';
export type {
  CheckoutButtonLabels,
  CustomerPortalLabels,
  PricingTableLabels,
  UsageMeterLabels,
} from './components/labels.ts';
export type { BillingClient } from '../client.ts';
export type { Endpoints } from '../endpoint.ts';
export { billingErrorOf } from '../failure.ts';
export { BillingOSError, type BillingOSErrorCode } from '../errors.ts';
export type {
  CustomerFragment as Customer,
  EntitlementFragment as Entitlement,
  InvoiceFragment as Invoice,
  PaymentMethodFragment as PaymentMethod,
  PlanChangePreviewFragment as PlanChangePreview,
  PriceFragment as Price,
  ProductFragment as Product,
  SubscriptionFragment as Subscription,
  UsageFragment as Usage,
} from '../generated.ts';
export type { AskForSession, SessionRequest } from '../session/source.ts';
export type { SessionState } from '../session/state.ts';
