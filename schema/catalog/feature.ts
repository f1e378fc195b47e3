import { builder } from '../builder.ts';
import type { FeatureRecord, ProductFeatureRecord } from '../billing.ts';

export const FeatureKind = builder.enumType('FeatureKind', {
  description: 'How a feature is had.',
  values: {
    BOOLEAN: { value: 'boolean', description: 'It is there or not.' },
    QUOTA: { value: 'quota', description: 'So many in each billing period, counted here by `trackUsage`.' },
    LIMIT: { value: 'limit', description: 'So many at once, counted by the app itself.' },
  } as const,
});

export const Feature = builder.objectRef<FeatureRecord>('Feature').implement({
  description: 'Something of the merchant’s app that a product may contain.',
  fields: (t) => ({
    key: t.exposeID('key', { description: 'The merchant’s own name for it, which code refers to.' }),
    name: t.exposeString('name', { description: 'What customers read.' }),
    kind: t.expose('kind', { type: FeatureKind, description: 'How it is had.' }),
    unit: t.exposeString('unit', { nullable: true, description: 'What is counted, in the plural: `exports`.' }),
  }),
});

export const ProductFeature = builder.objectRef<ProductFeatureRecord>('ProductFeature').implement({
  description: 'A feature, and how much of it a product contains.',
  fields: (t) => ({
    feature: t.expose('feature', { type: Feature, description: 'The feature.' }),
    amount: t.expose('amount', {
      type: 'SafeInt',
      nullable: true,
      description: 'Of a quota or limit; `null` is as many as one likes.',
    }),
  }),
});
