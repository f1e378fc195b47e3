import type { ReactNode } from 'react';
import { useCheckout } from '../billing/use-checkout.ts';
import type { Opens } from '../billing/visit.ts';
import { Button } from './button.tsx';
import { Failure } from './failure.tsx';
import { checkoutLabels, commonLabels, type CheckoutButtonLabels } from './labels.ts';

export interface CheckoutButtonProps {
  /** The key of a price that is for sale. */
  readonly price: string;
  readonly quantity?: number | undefined;
  /** Where the customer comes back to when it has paid; this page when left out. */
  readonly successUrl?: string | undefined;
  /** The same, when it has not. */
  readonly cancelUrl?: string | undefined;
  readonly opens?: Opens | undefined;
  readonly labels?: Partial<CheckoutButtonLabels> | undefined;
  readonly className?: string | undefined;
  readonly children?: ReactNode;
}

/** A button that opens a page on which the customer pays. */
export function CheckoutButton(props: CheckoutButtonProps) {
  const { labels, className = '', children, ...request } = props;
  const words = { ...commonLabels, ...checkoutLabels, ...labels };
  const { checkOut, state } = useCheckout();
  return (
    <div className={`bos bos-checkout ${className}`.trim()}>
      <Button
        kind="primary"
        state={state.status === 'working' ? 'busy' : 'ready'}
        onClick={() => void checkOut(request)}
      >
        {children ?? words.buy}
      </Button>
      {state.error && <Failure error={state.error} words={words} />}
    </div>
  );
}
