import type { PaymentMethodFragment } from '../../generated.ts';
import { usePaymentMethods } from '../billing/use-payment-methods.ts';
import { usePortal } from '../billing/use-portal.ts';
import { Button } from './button.tsx';
import { Failure } from './failure.tsx';
import { fill, type CustomerPortalLabels } from './labels.ts';
import { Section, type SectionProps } from './section.tsx';

/** How the customer pays, and the way to where it changes that. */
export function PaymentSection({ returnUrl, opens, words, format }: SectionProps) {
  const answer = usePaymentMethods();
  const { openPortal, state } = usePortal();
  const { paymentMethods = [] } = answer;
  return (
    <Section part="paymentMethods" title={words.paymentMethods} words={words} answer={answer} lines={3}>
      {paymentMethods.length === 0 && <p className="bos-empty">{words.noPaymentMethods}</p>}
      <ul className="bos-methods">
        {paymentMethods.map((method) => (
          <li key={method.id}>
            <span className="bos-method-name">{nameOf(method, words)}</span>
            {method.default && <span className="bos-badge">{words.defaultMethod}</span>}
            {method.expiryYear !== null && method.expiryMonth !== null && (
              <span className="bos-muted">
                {fill(words.expires, { date: format.month(method.expiryYear, method.expiryMonth) })}
              </span>
            )}
          </li>
        ))}
      </ul>
      <div className="bos-actions bos-actions-start">
        <Button
          state={state.status === 'working' ? 'busy' : 'ready'}
          onClick={() => void openPortal({ returnUrl, opens })}
        >
          {words.managePayment}
        </Button>
      </div>
      {state.error && <Failure error={state.error} words={words} />}
    </Section>
  );
}

/** `Visa ending in 4242`, or what Stripe calls it: `sepa_debit`. */
function nameOf({ type, brand, lastFour }: PaymentMethodFragment, words: CustomerPortalLabels): string {
  const name = (brand ?? type).replaceAll('_', ' ');
  const written = name.charAt(0).toUpperCase() + name.slice(1);
  return lastFour === null ? written : fill(words.cardEnding, { brand: written, lastFour });
}
