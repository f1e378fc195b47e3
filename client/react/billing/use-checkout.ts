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
    // Named one by one: whoever hands on more than this must not be refused for it.
    ({ price, quantity, successUrl, cancelUrl, opens = 'here' }: CheckoutRequest) => {
      const { href } = window.location;
      const input = { price, quantity, successUrl: successUrl ?? href, cancelUrl: cancelUrl ?? href };
      return visit(opens, async () => (await mutate(client, CreateCheckoutDocument, { input })).createCheckout.url);
    },
    [client],
  );
  const { state, run } = useAction(act);
  return { checkOut: run, state };
}
