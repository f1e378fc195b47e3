import { useCallback } from 'react';
import { CreatePortalSessionDocument } from '../../generated.ts';
import { useBillingOS } from '../context.ts';
import { useAction, type ActionState } from './action.ts';
import { mutate } from './mutate.ts';
import { visit, type Opens } from './visit.ts';

export interface PortalRequest {
  /** This page when left out. */
  readonly returnUrl?: string | undefined;
  readonly opens?: Opens | undefined;
}

export interface UsePortal {
  /** Opens the page on which the customer changes how it pays. Call it in a click: only then a browser opens a tab. */
  readonly openPortal: (request?: PortalRequest) => Promise<void>;
  readonly state: ActionState;
}

/** The payment provider’s own page of the customer. Needs OPEN_PORTAL. */
export function usePortal(): UsePortal {
  const { client } = useBillingOS();
  const act = useCallback(
    ({ returnUrl = window.location.href, opens = 'here' }: PortalRequest = {}) =>
      visit(
        opens,
        async () => (await mutate(client, CreatePortalSessionDocument, { returnUrl })).createPortalSession.url,
      ),
    [client],
  );
  const { state, run } = useAction(act);
  return { openPortal: run, state };
}
