import type { PriceRecord, PriceTier } from '../../../schema/billing.ts';

const scale = 12;
const unit = 10n ** BigInt(scale);

/** What so many cost, in whole minor units, half a unit rounded up. https://docs.stripe.com/products-prices/pricing-models */
export function amountOf(price: Pick<PriceRecord, 'unitAmount' | 'tiersMode' | 'tiers'>, quantity: number): number {
  return rounded(
    price.tiersMode === null
      ? scaled(price.unitAmount) * BigInt(quantity)
      : price.tiersMode === 'volume'
        ? volumeAmount(price.tiers, quantity)
        : graduatedAmount(price.tiers, quantity),
  );
}

/** A part of an amount, as time passes; the part lies between 0 and 1. */
export const partOf = (amount: number, part: number): number => Math.round(amount * part);

const tierCost = ({ unitAmount, flatAmount }: PriceTier, quantity: number) =>
  scaled(flatAmount) + scaled(unitAmount) * BigInt(quantity);

function volumeAmount(tiers: readonly PriceTier[], quantity: number): bigint {
  const tier = tiers.find(({ upTo }) => upTo === null || quantity <= upTo);
  return tier ? tierCost(tier, quantity) : 0n;
}

function graduatedAmount(tiers: readonly PriceTier[], quantity: number): bigint {
  let from = 0;
  let sum = 0n;
  for (const tier of tiers) {
    if (quantity <= from) break;
    const to = Math.min(quantity, tier.upTo ?? quantity);
    sum += tierCost(tier, to - from);
    from = to;
  }
  return sum;
}

/** A decimal number, exactly. */
function scaled(decimal: string | null): bigint {
  if (decimal === null) return 0n;
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(whole) * unit + BigInt(fraction.slice(0, scale).padEnd(scale, '0'));
}

const rounded = (amount: bigint) => Number((amount + unit / 2n) / unit);
