import type { PriceFragment, SubscriptionFragment, SubscriptionStatus } from '../../generated.ts';
import type { Format } from './format.ts';
import { fill, type CustomerPortalLabels } from './labels.ts';
import { periodOf, priceOf, tieredTotalOf } from './price.ts';

export interface PlanSummaryProps {
  readonly subscription: SubscriptionFragment;
  readonly words: CustomerPortalLabels;
  readonly format: Format;
}

const labelByStatus: Readonly<Record<SubscriptionStatus, keyof CustomerPortalLabels & `status${string}`>> = {
  ACTIVE: 'statusActive',
  TRIALING: 'statusTrialing',
  PAST_DUE: 'statusPastDue',
  UNPAID: 'statusUnpaid',
  PAUSED: 'statusPaused',
  INCOMPLETE: 'statusIncomplete',
  INCOMPLETE_EXPIRED: 'statusCanceled',
  CANCELED: 'statusCanceled',
};

/** What a subscription consists of, where it stands and what comes next. */
export function PlanSummary({ subscription, words, format }: PlanSummaryProps) {
  const { items, status } = subscription;
  const next = nextOf(subscription, words, format);
  return (
    <div className="bos-summary">
      {items.map(({ product, price, quantity }, position) => (
        <div key={price?.key ?? position} className="bos-summary-item">
          <strong className="bos-summary-name">{product?.name ?? words.unknownPlan}</strong>
          {position === 0 && (
            <span className="bos-badge" data-status={status}>
              {words[labelByStatus[status]]}
            </span>
          )}
          {price && <span className="bos-summary-price">{costOf(price, quantity, words, format)}</span>}
        </div>
      ))}
      {next !== undefined && <p className="bos-muted">{next}</p>}
    </div>
  );
}

/** Tiers say what all of it costs, not what one does. */
function costOf(price: PriceFragment, quantity: number, words: CustomerPortalLabels, format: Format): string {
  const isTiered = price.tiers.length > 0;
  const cost = isTiered
    ? `${format.tag(tieredTotalOf(price, quantity), price.currency)} ${periodOf(price, words, format)}`
    : priceOf(price, words, format);
  if (quantity === 1) return cost;
  return fill(isTiered ? words.forQuantity : words.quantity, { quantity: format.number(quantity), price: cost });
}

function nextOf(subscription: SubscriptionFragment, words: CustomerPortalLabels, format: Format): string | undefined {
  const { status, cancelAtPeriodEnd, trialEnd, currentPeriodEnd } = subscription;
  const isTrial = status === 'TRIALING' && trialEnd !== null;
  const end = isTrial ? trialEnd : currentPeriodEnd;
  if (end === null) return undefined;
  const label = cancelAtPeriodEnd ? words.ends : isTrial ? words.trialEnds : words.renews;
  return fill(label, { date: format.date(end) });
}
