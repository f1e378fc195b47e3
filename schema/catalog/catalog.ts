import { z } from 'zod';
import { builder } from '../builder.ts';
import { type CatalogChange as Change, type CatalogDraft, featureKinds } from '../billing.ts';
import { printableText } from '../text.ts';
import { FeatureKind } from './feature.ts';
import { RecurringInterval, TiersMode } from './price.ts';

/** GraphQL writes these words in capitals, and so may a file. */
const word = <const Words extends readonly string[]>(words: Words) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.toLowerCase() : value),
    z.enum(words, { error: `must be one of ${words.map((known) => known.toUpperCase()).join(', ')}` }),
  );

const key = z.string().regex(/^[\w.-]{1,64}$/, {
  error: 'must be 1 to 64 letters, digits, dots, dashes or underscores',
});
const stripeId = z.string().regex(/^[!-~]{1,255}$/, { error: 'must be an id of Stripe' });
const amount = z
  .string()
  .regex(/^\d{1,11}(\.\d{1,12})?$/, { error: 'must be minor units, as a decimal number: "1900"' });
const wholeAmount = z.int({ error: 'must be whole minor units, such as cents' }).min(0).max(99_999_999_999).nullish();

const price = z
  .strictObject({
    key,
    stripePriceId: stripeId.nullish(),
    currency: z.string().regex(/^[a-z]{3}$/, { error: 'must be ISO 4217 in lower case: usd' }),
    unitAmount: wholeAmount,
    unitAmountDecimal: amount.nullish(),
    recurring: z
      .object({
        interval: word(['day', 'week', 'month', 'year']),
        intervalCount: z.int().min(1).max(156).nullish(),
      })
      .nullish(),
    tiersMode: word(['graduated', 'volume']).nullish(),
    tiers: z
      .array(
        z.strictObject({ upTo: z.int().min(1).nullish(), unitAmount: amount.nullish(), flatAmount: amount.nullish() }),
      )
      .max(100)
      .nullish(),
    visible: z.boolean().nullish(),
  })
  .superRefine((one, context) => {
    const hasTiers = (one.tiers?.length ?? 0) > 0;
    const hasAmount = one.unitAmount != null || one.unitAmountDecimal != null;
    if (one.unitAmount != null && one.unitAmountDecimal != null) {
      context.addIssue({ code: 'custom', path: ['unitAmountDecimal'], message: 'must not be given beside unitAmount' });
    }
    if (hasTiers === hasAmount) context.addIssue({ code: 'custom', message: 'must have either an amount or tiers' });
    if (hasTiers !== (one.tiersMode != null)) {
      context.addIssue({ code: 'custom', path: ['tiersMode'], message: 'must be given with tiers, and only then' });
    }
    if (hasTiers && !isAscending(one.tiers ?? [])) {
      context.addIssue({ code: 'custom', path: ['tiers'], message: 'must ascend, and only the last one has no end' });
    }
  });

const isAscending = (tiers: readonly { upTo?: number | null | undefined }[]) =>
  tiers.every(({ upTo }, index) =>
    index === tiers.length - 1 ? upTo == null : upTo != null && upTo > (tiers[index - 1]?.upTo ?? 0),
  );

const doubles = (keys: readonly string[]) => keys.filter((one, index) => keys.indexOf(one) !== index);

/** A catalog as its file and `applyCatalog` have it. */
export const catalogSchema = z
  .strictObject({
    features: z
      .array(
        z.strictObject({
          key,
          name: printableText({ min: 1, max: 255 }),
          kind: word(featureKinds),
          unit: printableText({ min: 1, max: 64 }).nullish(),
        }),
      )
      .max(500),
    products: z
      .array(
        z.strictObject({
          key,
          stripeProductId: stripeId.nullish(),
          name: printableText({ min: 1, max: 255 }),
          description: printableText({ min: 1, max: 1_000 }).nullish(),
          visible: z.boolean().nullish(),
          default: z.boolean().nullish(),
          features: z.array(z.strictObject({ key, amount: z.int().min(0).nullish() })).max(500),
          prices: z.array(price).max(100),
        }),
      )
      .max(500),
  })
  .superRefine((catalog, context) => {
    const report = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    const featureKeys = catalog.features.map((feature) => feature.key);
    for (const one of doubles(featureKeys)) report(['features'], `must not have ${one} twice`);
    for (const one of doubles(catalog.products.map((product) => product.key))) {
      report(['products'], `must not have ${one} twice`);
    }
    for (const one of doubles(catalog.products.flatMap(({ prices }) => prices.map((each) => each.key)))) {
      report(['products'], `must not have the price ${one} twice`);
    }
    for (const one of doubles(catalog.products.flatMap(({ stripeProductId }) => stripeProductId ?? []))) {
      report(['products'], `must not have ${one} twice`);
    }
    for (const one of doubles(
      catalog.products.flatMap(({ prices }) => prices.flatMap(({ stripePriceId }) => stripePriceId ?? [])),
    )) {
      report(['products'], `must not have ${one} twice`);
    }
    for (const [index, { features }] of catalog.products.entries()) {
      for (const one of doubles(features.map((feature) => feature.key))) {
        report(['products', index, 'features'], `must not have ${one} twice`);
      }
      for (const { key: used } of features) {
        if (!featureKeys.includes(used))
          report(['products', index, 'features'], `must name a feature: ${used} is none`);
      }
    }
  });

/** What is left out means: shown, not for everybody, every one period. */
export const draftOf = ({ features, products }: z.output<typeof catalogSchema>): CatalogDraft => ({
  features: features.map(({ unit = null, ...feature }) => ({ ...feature, unit })),
  products: products.map((product) => ({
    key: product.key,
    stripeProductId: product.stripeProductId ?? null,
    name: product.name,
    description: product.description ?? null,
    isVisible: product.visible ?? true,
    isDefault: product.default ?? false,
    features: product.features.map((feature) => ({ key: feature.key, amount: feature.amount ?? null })),
    prices: product.prices.map((one) => ({
      key: one.key,
      stripePriceId: one.stripePriceId ?? null,
      currency: one.currency,
      unitAmount: one.unitAmountDecimal ?? one.unitAmount?.toString() ?? null,
      recurring: one.recurring
        ? { interval: one.recurring.interval, intervalCount: one.recurring.intervalCount ?? 1 }
        : null,
      tiersMode: one.tiersMode ?? null,
      tiers: (one.tiers ?? []).map((tier) => ({
        upTo: tier.upTo ?? null,
        unitAmount: tier.unitAmount ?? null,
        flatAmount: tier.flatAmount ?? null,
      })),
      isVisible: one.visible ?? true,
    })),
  })),
});

const FeatureInput = builder.inputType('FeatureInput', {
  description: 'Something of the merchant’s app that a product may contain.',
  fields: (t) => ({
    key: t.id({ required: true, description: '1–64 letters, digits, dots, dashes or underscores.' }),
    name: t.string({ required: true, description: 'What customers read.' }),
    kind: t.field({ type: FeatureKind, required: true, description: 'How it is had.' }),
    unit: t.string({ description: 'What is counted, in the plural: `exports`.' }),
  }),
});

const ProductFeatureInput = builder.inputType('ProductFeatureInput', {
  description: 'How much of a feature a product contains.',
  fields: (t) => ({
    key: t.id({ required: true, description: 'The key of the feature.' }),
    amount: t.field({ type: 'SafeInt', description: 'Of a quota or limit; as many as one likes when left out.' }),
  }),
});

const RecurringInput = builder.inputType('RecurringInput', {
  description: 'How often a price is paid.',
  fields: (t) => ({
    interval: t.field({ type: RecurringInterval, required: true, description: 'What the period is counted in.' }),
    intervalCount: t.int({ description: 'How many of them are one period: 1 when left out.' }),
  }),
});

const PriceTierInput = builder.inputType('PriceTierInput', {
  description: 'What a part of the quantity costs. Amounts are minor units as decimal numbers.',
  fields: (t) => ({
    upTo: t.field({ type: 'SafeInt', description: 'The last quantity of this tier; left out: all that follow.' }),
    unitAmount: t.string({ description: 'For each one.' }),
    flatAmount: t.string({ description: 'For the tier as a whole.' }),
  }),
});

const PriceInput = builder.inputType('PriceInput', {
  description: 'What a product costs: an amount, or tiers.',
  fields: (t) => ({
    key: t.id({ required: true, description: '1–64 letters, digits, dots, dashes or underscores.' }),
    stripePriceId: t.id({ description: 'Its id at Stripe, where payments go through Stripe.' }),
    currency: t.string({ required: true, description: 'ISO 4217, lower case: `usd`.' }),
    unitAmount: t.field({ type: 'SafeInt', description: 'Minor units (cents).' }),
    unitAmountDecimal: t.string({ description: 'The same, exact below a minor unit.' }),
    recurring: t.field({ type: RecurringInput, description: 'Paid once when left out.' }),
    tiersMode: t.field({ type: TiersMode, description: 'How the tiers are applied.' }),
    tiers: t.field({ type: [PriceTierInput], description: 'In order; only the last one has no end.' }),
    visible: t.boolean({ description: 'Whether customers are shown it; they are when left out.' }),
  }),
});

const ProductInput = builder.inputType('ProductInput', {
  description: 'A plan, or anything else that is for sale.',
  fields: (t) => ({
    key: t.id({ required: true, description: '1–64 letters, digits, dots, dashes or underscores.' }),
    stripeProductId: t.id({ description: 'Its id at Stripe, where payments go through Stripe.' }),
    name: t.string({ required: true, description: 'What customers read.' }),
    description: t.string({ description: 'What customers read below the name.' }),
    visible: t.boolean({ description: 'Whether customers are shown it; they are when left out.' }),
    default: t.boolean({ description: 'Whether customers without a subscription have what it contains.' }),
    features: t.field({ type: [ProductFeatureInput], required: true, description: 'What it contains.' }),
    prices: t.field({ type: [PriceInput], required: true, description: 'What it costs; none for a free one.' }),
  }),
});

const CatalogInput = builder.inputType('CatalogInput', {
  description: 'The whole catalog: what is left out of it is archived. Every problem is reported at once.',
  validate: catalogSchema,
  fields: (t) => ({
    features: t.field({ type: [FeatureInput], required: true, description: 'In the order in which they are shown.' }),
    products: t.field({ type: [ProductInput], required: true, description: 'In the order in which they are shown.' }),
  }),
});

const CatalogMode = builder.enumType('CatalogMode', {
  description: 'Whether a catalog is written.',
  values: {
    DRY: { value: 'dry', description: 'Writes nothing, and says what would change.' },
    REAL: { value: 'real', description: 'Writes.' },
  } as const,
});

const CatalogChangeKind = builder.enumType('CatalogChangeKind', {
  description: 'What happens to something of a catalog.',
  values: {
    CREATE: { value: 'create', description: 'It is new.' },
    UPDATE: { value: 'update', description: 'Something is different.' },
    ARCHIVE: { value: 'archive', description: 'It is taken out of sale; whoever has it keeps it.' },
  } as const,
});

const CatalogNoun = builder.enumType('CatalogNoun', {
  description: 'What a catalog consists of.',
  values: {
    FEATURE: { value: 'feature', description: 'A feature.' },
    PRODUCT: { value: 'product', description: 'A product.' },
    PRICE: { value: 'price', description: 'A price.' },
  } as const,
});

const CatalogChange = builder.objectRef<Change>('CatalogChange').implement({
  description: 'One thing that differs.',
  fields: (t) => ({
    kind: t.expose('kind', { type: CatalogChangeKind, description: 'What happens to it.' }),
    noun: t.expose('what', { type: CatalogNoun, description: 'What it is.' }),
    key: t.exposeID('key', { description: 'Its key.' }),
    fields: t.exposeStringList('fields', { description: 'What is different; empty for something new.' }),
  }),
});

const ApplyCatalogPayload = builder.objectRef<readonly Change[]>('ApplyCatalogPayload').implement({
  description: 'What a catalog changed.',
  fields: (t) => ({
    changes: t.field({ type: [CatalogChange], description: 'What differs.', resolve: (changes) => [...changes] }),
  }),
});

builder.mutationField('applyCatalog', (t) =>
  t.withAuth({ merchant: true }).field({
    description:
      'Make the catalog what is given; the same again changes nothing. CONFLICT for a change that would reprice what was sold: give a new price a new key. Callers: secret key.',
    type: ApplyCatalogPayload,
    args: {
      input: t.arg({ type: CatalogInput, required: true, description: 'The whole catalog.' }),
      mode: t.arg({ type: CatalogMode, defaultValue: 'real', description: 'Whether it is written.' }),
    },
    resolve: (_root, { input, mode }, { caller, catalog }) =>
      catalog.apply(caller, draftOf(catalogSchema.parse(input)), mode ?? 'real'),
  }),
);
