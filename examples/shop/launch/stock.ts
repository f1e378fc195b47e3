import { readFile } from 'node:fs/promises';
import type { BillingOS, CatalogInput } from 'billingos/node';
import { users, type User } from '../users.ts';
import { LaunchError } from './settings.ts';

const catalogPath = new URL('../catalog.json', import.meta.url);
const testCard = '4242424242424242';

const createCheckout = `mutation ($input: CreateCheckoutInput!) { createCheckout(input: $input) { url } }`;

/** Puts on sale what the shop sells, unless there is a catalog already, and lets those who have a plan buy it: on the page on which customers pay, with a test card. */
export async function stock(billingos: BillingOS, serviceUrl: string, shopUrl: string): Promise<void> {
  // Somebody else's catalog is not the shop's to change.
  const products = await billingos.products();
  const catalog = JSON.parse(await readFile(catalogPath, 'utf8')) as CatalogInput;
  if (products.length === 0) await billingos.applyCatalog(catalog);
  const isOurs = catalog.products.every(({ key }) => products.some((product) => product.key === key));
  if (products.length > 0 && !isOurs) return;
  for (const user of users) if (user.plan) await subscribe(billingos, user, user.plan, serviceUrl, shopUrl);
}

async function subscribe(
  billingos: BillingOS,
  { id, email, organizationId }: User,
  plan: NonNullable<User['plan']>,
  serviceUrl: string,
  shopUrl: string,
): Promise<void> {
  const { sessionToken, customer } = await billingos.createSessionToken({
    externalUserId: id,
    email,
    ...(organizationId !== undefined && { externalOrganizationId: organizationId }),
    expiresIn: 60,
  });
  // Whoever has had a plan keeps what became of it.
  if ((await billingos.customerBilling({ id: customer.id }))?.subscription) return;

  const response = await fetch(`${serviceUrl}/sandbox/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${sessionToken}` },
    body: JSON.stringify({
      query: createCheckout,
      variables: { input: { ...plan, successUrl: shopUrl, cancelUrl: shopUrl } },
    }),
  });
  const { data } = (await response.json()) as { data?: { createCheckout: { url: string } } };
  if (!data) throw new LaunchError('The shop’s customers could not be given their plans.');
  await fetch(onThisMachine(data.createCheckout.url, serviceUrl), {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ action: 'pay', card: testCard }),
  });
}

/** Where browsers reach the page may be elsewhere than where this program does. */
const onThisMachine = (url: string, serviceUrl: string) => new URL(new URL(url).pathname, serviceUrl);
