import { z } from 'zod';
import { builder } from './builder.ts';
import type { TrackedUsage } from './billing.ts';
import { CustomerBy, selectionOf } from './customer/read.ts';
import { UsageType } from './subscription/entitlement.ts';
import { externalId } from './text.ts';

const amountSchema = z
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be at least 1' })
  .max(1_000_000_000, { error: 'must be at most 1000000000' })
  .nullish();

const UsageMode = builder.enumType('UsageMode', {
  description: 'What `trackUsage` does when a quota does not suffice.',
  values: {
    RECORD: { value: 'record', description: 'Counts it all the same: it has happened.' },
    CONSUME: { value: 'consume', description: 'Counts all of it or nothing: ask before you do it.' },
  } as const,
});

const UsageOutcome = builder.enumType('UsageOutcome', {
  description: 'What came of it.',
  values: {
    RECORDED: { value: 'recorded', description: 'It was counted.' },
    REPEATED: { value: 'repeated', description: 'It had been counted before, under the same `idempotencyKey`.' },
    REFUSED: { value: 'refused', description: 'The quota does not suffice, and nothing was counted.' },
  } as const,
});

const TrackUsagePayload = builder.objectRef<TrackedUsage>('TrackUsagePayload').implement({
  description: 'What came of counting.',
  fields: (t) => ({
    outcome: t.expose('outcome', { type: UsageOutcome, description: 'Whether it was counted.' }),
    usage: t.expose('usage', { type: UsageType, description: 'What is used by now.' }),
  }),
});

const eventFields = { featureKey: externalId, amount: amountSchema, idempotencyKey: externalId };

const TrackUsageInput = builder.inputType('TrackUsageInput', {
  description: 'Something that was used.',
  validate: z.object({ ...eventFields, mode: z.enum(['record', 'consume']).nullish() }),
  fields: (t) => ({
    featureKey: t.id({ required: true, description: 'The key of a feature that is a quota.' }),
    amount: t.field({ type: 'SafeInt', defaultValue: 1, description: 'How many: 1–1000000000.' }),
    idempotencyKey: t.id({
      required: true,
      description: 'Names this use, 1–255 characters: the same again is counted once.',
    }),
    mode: t.field({ type: UsageMode, defaultValue: 'record', description: 'What to do when the quota is used up.' }),
  }),
});

builder.mutationField('trackUsage', (t) =>
  t.withAuth({ customer: 'TRACK_USAGE' }).field({
    description:
      'Count something that the customer used of a quota. CONFLICT when the idempotency key stands for another use. Callers: session, with TRACK_USAGE.',
    type: TrackUsagePayload,
    args: { input: t.arg({ type: TrackUsageInput, required: true, description: 'What was used.' }) },
    resolve: (_root, { input: { mode, amount, ...event } }, { caller, usage }) =>
      usage.track(caller, { ...event, amount: amount ?? 1 }, mode ?? 'record'),
  }),
);

const RecordUsageInput = builder.inputType('RecordUsageInput', {
  description: 'Something that a customer used.',
  fields: (t) => ({
    customer: t.field({ type: CustomerBy, required: true, description: 'Who used it.' }),
    featureKey: t.id({
      required: true,
      validate: externalId,
      description: 'The key of a feature that is a quota.',
    }),
    amount: t.field({
      type: 'SafeInt',
      defaultValue: 1,
      validate: amountSchema,
      description: 'How many: 1–1000000000.',
    }),
    idempotencyKey: t.id({
      required: true,
      validate: externalId,
      description: 'Names this use of this customer, 1–255 characters: the same again is counted once.',
    }),
  }),
});

const RecordUsagePayload = builder.objectRef<number>('RecordUsagePayload').implement({
  description: 'What came of counting.',
  fields: (t) => ({
    recordedCount: t.int({
      description: 'How many were new; the others had been counted before.',
      resolve: (count) => count,
    }),
  }),
});

builder.mutationField('recordUsage', (t) =>
  t.withAuth({ merchant: true }).field({
    description:
      'Count what customers used, up to 1000 at once: all of it or nothing. What was counted before is not counted again; CONFLICT when an idempotency key stands for another use. Callers: secret key.',
    type: RecordUsagePayload,
    args: {
      events: t.arg({
        type: [RecordUsageInput],
        required: true,
        validate: z.array(z.any()).max(1_000, { error: 'must be at most 1000' }),
        description: 'What was used, and by whom.',
      }),
    },
    resolve: (_root, { events }, { caller, usage }) =>
      usage.record(
        caller,
        events.map(({ customer, amount, ...event }) => ({
          ...event,
          amount: amount ?? 1,
          customer: selectionOf(customer),
        })),
      ),
  }),
);
