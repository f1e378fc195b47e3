import { UsedQuotasDocument, type UsageFragment, type UsedQuotasQuery } from '../../generated.ts';
import { none, useAnswer, type Answer } from './answer.ts';

const valuesOf = ({ viewer: { entitlements } }: UsedQuotasQuery) => ({
  usages: entitlements.flatMap(({ usage }) => usage ?? []),
});

/** What was used of every quota that the customer has. Needs READ_ENTITLEMENTS and READ_USAGE. */
export const useUsedQuotas = (): Answer<{ usages: readonly UsageFragment[] }> =>
  useAnswer('usage', UsedQuotasDocument, none, valuesOf);
