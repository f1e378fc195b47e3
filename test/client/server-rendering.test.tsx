import { renderToString } from 'react-dom/server';
import { expect, test, vi } from 'vitest';
import { BillingOSProvider, useCustomer, useSession } from '../../client/react/index.ts';

function Page() {
  const { status } = useCustomer();
  const { state } = useSession();
  return <p>{`${state.kind} ${status}`}</p>;
}

test('where there is no browser the provider renders its children and fetches nothing', () => {
  const fetch = vi.spyOn(globalThis, 'fetch');
  const html = renderToString(
    <BillingOSProvider sessionTokenUrl="/api/billingos-session">
      <Page />
    </BillingOSProvider>,
  );
  expect(html).toBe('<p>idle loading</p>');
  expect(fetch).not.toHaveBeenCalled();
  fetch.mockRestore();
});
