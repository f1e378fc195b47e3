import { useCallback } from 'react';
import { CreateCheckoutDocument, type CreateCheckoutInput } from '../../generated.ts';
import { useBillingOS } from '../context.ts';
import { useAction, type ActionState } from './action.ts';
import { mutate } from './mutate.ts';
import { visit, type Opens } from './visit.ts';

export type CheckoutRequest = Omit<CreateCheckoutInput, 'successUrl' | 'cancelUrl'> & {
  /** This page when left out. */
  readonly successUrl?: string | undefined;
  /** This page when left out. */
  readonly cancelUrl?: string | undefined;
  readonly opens?: Opens | undefined;
};

export interface UseCheckout {
  /** Opens a page on which the customer pays. Call it in a click: only then a browser opens a tab. */
  readonly checkOut: (request: CheckoutRequest) => Promise<void>;
  readonly state: ActionState;
}

/** Buying something. Needs CREATE_CHECKOUT. */
export function useCheckout(): UseCheckout {
  const { client } = useBillingOS();
  const act = useCallback(
    ({ opens = 'here', ...request }: CheckoutRequest) => {
      const { href } = window.location;
      const { successUrl = href, cancelUrl = href } = request;
      const input = { ...request, successUrl, cancelUrl };
      return visit(opens, async () => (await mutate(client, CreateCheckoutDocument, { input })).createCheckout.url);
    },
    [client],
  );
  const { state, run } = useAction(act);
  return { checkOut: run, state };
}
