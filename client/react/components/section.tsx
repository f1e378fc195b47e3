import { useId, type ReactNode } from 'react';
import type { BillingOSError } from '../../errors.ts';
import type { Opens } from '../billing/visit.ts';
import { Failure } from './failure.tsx';
import type { Format } from './format.ts';
import type { CommonLabels, CustomerPortalLabels } from './labels.ts';
import { Skeleton } from './skeleton.tsx';

/** A part of the portal. */
export type PortalSection = 'plan' | 'usage' | 'paymentMethods' | 'invoices';

/** What each part of the portal is given. */
export interface SectionProps {
  readonly pricingUrl?: string | undefined;
  readonly returnUrl?: string | undefined;
  readonly opens?: Opens | undefined;
  readonly words: CustomerPortalLabels;
  readonly format: Format;
}

interface SectionFrameProps {
  readonly part: PortalSection;
  readonly title: string;
  readonly words: CommonLabels;
  readonly answer:
    | { readonly status: 'loading' | 'ready'; readonly error?: undefined; readonly refetch: () => void }
    | { readonly status: 'failed'; readonly error: BillingOSError; readonly refetch: () => void };
  /** How many lines the content will have. */
  readonly lines: number;
  readonly children: ReactNode;
}

/** A part of the portal, in whichever of its three states. */
export function Section({ part, title, words, answer, lines, children }: SectionFrameProps) {
  const titleId = useId();
  const { status, error, refetch } = answer;
  // What the session may not read, its customer does not miss.
  if (error?.code === 'FORBIDDEN') return null;
  return (
    <section className={`bos-section bos-section-${part}`} aria-labelledby={titleId} aria-busy={status === 'loading'}>
      <h2 id={titleId}>{title}</h2>
      {status === 'loading' && <Skeleton lines={lines} />}
      {error && <Failure error={error} words={words} onRetry={refetch} />}
      {status === 'ready' && children}
    </section>
  );
}
