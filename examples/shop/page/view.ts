import { useSyncExternalStore } from 'react';

/** The parts of the page, each with an address of its own. */
export const views = { studio: 'Label studio', pricing: 'Pricing', billing: 'Billing', tokens: 'Tokens' } as const;

export type View = keyof typeof views;

const viewNow = (): View => {
  const name = location.hash.slice(1);
  return Object.hasOwn(views, name) ? (name as View) : 'tokens';
};

function subscribe(listener: () => void) {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export const useView = (): View => useSyncExternalStore(subscribe, viewNow);
