import { useCallback } from 'react';
import type { BillingOSError } from '../../errors.ts';
import { TrackUsageDocument, type TrackUsageInput, type TrackUsageMutation } from '../../generated.ts';
import { useBillingOS } from '../context.ts';
import { changedByUse } from './changes.ts';
import { mutate } from './mutate.ts';

export type TrackedUse = Omit<TrackUsageInput, 'idempotencyKey'> & {
  /** Names this use: the same again is counted once. Made by chance when left out; give one to try again yourself. */
  readonly idempotencyKey?: string | undefined;
};

/** @throws BillingOSError */
export type TrackUsage = (use: TrackedUse) => Promise<TrackUsageMutation['trackUsage']>;

/** Counts what the customer uses. Needs TRACK_USAGE. */
export function useTrackUsage(): TrackUsage {
  const { client } = useBillingOS();
  return useCallback(
    async (use) => {
      const input = { ...use, idempotencyKey: use.idempotencyKey ?? crypto.randomUUID() };
      const send = () => mutate(client, TrackUsageDocument, { input }, changedByUse);
      // Nobody knows whether it was counted. Under the same key it is so once.
      const isUnknown = ({ code }: BillingOSError) => code === 'NETWORK_ERROR';
      const { trackUsage } = await send().catch((error: BillingOSError) => {
        if (isUnknown(error)) return send();
        throw error;
      });
      return trackUsage;
    },
    [client],
  );
}
