import { z } from 'zod';
import type { RecordKind } from '../import/record.ts';
import { chosenId } from './fields.ts';

/** What happened to an object, in the order of a life: of one second, what stands later here is later. */
export const stages = ['created', 'changed', 'deleted'] as const;

/** Something that happened at Stripe to what is mirrored here. */
export interface MirroredEvent {
  readonly id: string;
  readonly kind: RecordKind | 'checkout';
  readonly stage: (typeof stages)[number];
  readonly objectId: string;
  readonly createdSeconds: number;
  /** The whole object as it was then, and as Stripe wrote it. */
  readonly object: unknown;
}

const envelope = z.object({
  id: z.string().max(255),
  type: z.string(),
  created: z.int().min(0),
  livemode: z.boolean(),
  account: z.string().nullish(),
  data: z.object({ object: z.unknown() }),
});

export type StripeEvent = z.output<typeof envelope>;

/** By what its type says before the last dot: `customer.discount.created` is about no customer. */
const kindOf = new Map<string, MirroredEvent['kind']>([
  ['product', 'product'],
  ['price', 'price'],
  ['customer', 'customer'],
  ['customer.subscription', 'subscription'],
  ['checkout.session', 'checkout'],
]);

const identified = z.object({ id: chosenId });

/** `undefined` when it is no event of Stripe's. */
export const stripeEventOf = (value: unknown): StripeEvent | undefined => envelope.safeParse(value).data;

/** `undefined` when it is about something else, or about an account that is connected to this one (Stripe Connect). */
export function mirroredEventOf({ id, type, created, account, data }: StripeEvent): MirroredEvent | undefined {
  const dot = type.lastIndexOf('.');
  const [kind, verb] = [kindOf.get(type.slice(0, dot)), type.slice(dot + 1)];
  const objectId = identified.safeParse(data.object).data?.id;
  if (kind === undefined || objectId === undefined || account != null) return undefined;
  const stage = verb === 'created' || verb === 'deleted' ? verb : 'changed';
  return { id, kind, stage, objectId, createdSeconds: created, object: data.object };
}
