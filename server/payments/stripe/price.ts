import { ApiError } from '../../../schema/errors.ts';
import type { PriceForSale } from '../payments.ts';

export function stripePriceIdOf({ stripePriceId }: PriceForSale): string {
  if (stripePriceId === null) throw new ApiError('CONFLICT', 'This price is not one of Stripe’s.');
  return stripePriceId;
}
