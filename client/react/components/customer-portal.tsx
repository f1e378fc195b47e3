import { useFormat } from './format.ts';
import { InvoiceSection } from './invoice-section.tsx';
import {
  commonLabels,
  planChangeLabels,
  portalLabels,
  priceLabels,
  usageLabels,
  type CustomerPortalLabels,
} from './labels.ts';
import { PaymentSection } from './payment-section.tsx';
import { PlanSection } from './plan-section.tsx';
import type { PortalSection } from './section.tsx';
import { UsageSection } from './usage-section.tsx';
import type { Opens } from '../billing/visit.ts';

export interface CustomerPortalProps {
  /** Which parts, in which order; all when left out. One that the session may not read is not there. */
  readonly sections?: readonly PortalSection[] | undefined;
  /** Where plans are shown to who has none. */
  readonly pricingUrl?: string | undefined;
  /** Where the customer comes back to from the payment provider’s page; this page when left out. */
  readonly returnUrl?: string | undefined;
  /** Where that page opens. */
  readonly opens?: Opens | undefined;
  readonly labels?: Partial<CustomerPortalLabels> | undefined;
  readonly locale?: string | undefined;
  readonly className?: string | undefined;
}

const parts = { plan: PlanSection, usage: UsageSection, paymentMethods: PaymentSection, invoices: InvoiceSection };
const all: readonly PortalSection[] = ['plan', 'usage', 'paymentMethods', 'invoices'];

/** A customer’s own billing: what it has, what it used, how it pays and what it paid. */
export function CustomerPortal(props: CustomerPortalProps) {
  const { sections = all, pricingUrl, returnUrl, opens, labels, locale, className = '' } = props;
  const words = { ...commonLabels, ...priceLabels, ...planChangeLabels, ...usageLabels, ...portalLabels, ...labels };
  const format = useFormat(locale);
  return (
    <section className={`bos bos-portal ${className}`.trim()} aria-label={words.portal}>
      {sections.map((section) => {
        const Part = parts[section];
        return <Part key={section} {...{ pricingUrl, returnUrl, opens, words, format }} />;
      })}
    </section>
  );
}
