import { EntitlementsDocument, type EntitlementFragment, type EntitlementsQuery } from '../../generated.ts';
import { none, useAnswer, type Answer } from './answer.ts';

export type UseEntitlements = Answer<{ entitlements: readonly EntitlementFragment[] }>;

const valuesOf = ({ viewer: { entitlements } }: EntitlementsQuery) => ({ entitlements });

/** The features that the customer has. Needs READ_ENTITLEMENTS. */
export const useEntitlements = (): UseEntitlements => useAnswer('entitlements', EntitlementsDocument, none, valuesOf);
