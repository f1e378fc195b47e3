import { builder } from '../builder.ts';
import type { ProductRecord } from '../billing.ts';
import { ProductFeature } from './feature.ts';
import { Price } from './price.ts';

export const Product = builder.objectRef<ProductRecord>('Product').implement({
  description: 'A plan, or anything else that is for sale.',
  fields: (t) => ({
    key: t.exposeID('key', { description: 'The merchant’s own name for it, which code refers to.' }),
    name: t.exposeString('name', { description: 'What customers read.' }),
    description: t.exposeString('description', { nullable: true, description: 'What customers read below the name.' }),
    features: t.expose('features', { type: [ProductFeature], description: 'What it contains.' }),
    prices: t.expose('prices', { type: [Price], description: 'What it costs.' }),
    active: t.exposeBoolean('isActive', { description: 'Whether it can be bought.' }),
    visible: t.exposeBoolean('isVisible', { description: 'Whether customers are shown it.' }),
    default: t.exposeBoolean('isDefault', {
      description: 'Whether customers without a subscription have what it contains.',
    }),
  }),
});

builder.queryField('products', (t) =>
  t.withAuth({ $any: { merchant: true, customer: 'READ_PRODUCTS' } }).field({
    description:
      'The pricing table: what is for sale, in the merchant’s order; for a secret key also what is hidden or archived. Callers: secret key; session, with READ_PRODUCTS.',
    type: [Product],
    resolve: (_root, _args, { caller, catalog }) => catalog.products(caller),
  }),
);
