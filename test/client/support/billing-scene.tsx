import { act, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { BillingOSProvider } from '../../../client/react/index.ts';
import { createBillingService, type BillingState } from './billing-service.ts';
import { createMerchant } from './merchant.ts';
import { createWorld } from './world.ts';

/** A page with a provider whose API is the scripted billing service. */
export function createBillingScene(known: Partial<BillingState> = {}) {
  const service = createBillingService(known);
  const world = createWorld({ fetch: service.fetch });
  const merchant = createMerchant(world);
  const settle = () => act(() => world.advance(0));
  const page = (children: ReactNode) => (
    <BillingOSProvider getSessionToken={merchant.ask} host={world.host}>
      {children}
    </BillingOSProvider>
  );

  return {
    service,
    merchant,
    settle,
    page,
    advance: (ms: number) => act(() => world.advance(ms)),
    /** Renders inside the provider, and waits for what that sets off. */
    async show(children: ReactNode) {
      const view = render(page(children));
      await settle();
      return view;
    },
    /** The customer looks at another tab, and comes back. */
    async lookAway() {
      turn('hidden');
      turn('visible');
      await settle();
    },
  };
}

function turn(visibilityState: DocumentVisibilityState) {
  Object.defineProperty(document, 'visibilityState', { value: visibilityState, configurable: true });
  window.dispatchEvent(new Event('visibilitychange'));
}
