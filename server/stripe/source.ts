import { z } from 'zod';
import {
  ImportError,
  type ImportSource,
  type RowProblem,
  type SourceBatch,
  type SourceRecord,
} from '../import/record.ts';
import type { ListQuery, StripeClient, StripeList, StripePage } from './client.ts';
import { customerOf, priceOf, productOf, subscriptionOf } from './record.ts';

interface Stage {
  readonly list: StripeList;
  readonly filter?: ListQuery['filter'];
  readonly recordOf: (object: unknown, where: string) => SourceRecord | RowProblem | undefined;
}

const withTiers = { 'expand[]': 'data.tiers' };

/** In the order of `recordKinds`. Without a filter Stripe promises active prices only, and subscriptions that still run. */
const stages = {
  product: { list: 'products', recordOf: productOf },
  price: { list: 'prices', filter: { active: 'true', ...withTiers }, recordOf: priceOf },
  archivedPrice: { list: 'prices', filter: { active: 'false', ...withTiers }, recordOf: priceOf },
  customer: { list: 'customers', recordOf: customerOf },
  subscription: { list: 'subscriptions', filter: { status: 'all' }, recordOf: subscriptionOf },
} as const satisfies Record<string, Stage>;

const stageNames = Object.keys(stages) as (keyof typeof stages)[];

/** What is to be read next: of this kind everything after that id, then the kinds that follow. */
interface Place {
  readonly kind: keyof typeof stages | 'end';
  readonly after?: string | undefined;
}

/** Reads the merchant's Stripe account page by page. A page whose start was deleted meanwhile begins its kind again. */
export function createStripeSource(client: StripeClient): ImportSource {
  return { kind: 'stripe', read: (cursor, signal) => read(client, cursor, signal) };
}

async function* read(
  client: StripeClient,
  cursor: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceBatch> {
  let place = cursor === undefined ? placeAfter(undefined) : parseCursor(cursor);
  while (place.kind !== 'end') {
    const { list, filter, recordOf }: Stage = stages[place.kind];
    const page = await client.list(list, { startingAfter: place.after, filter }, signal);
    if (page.kind === 'startGone') {
      if (place.after === undefined) throw new ImportError(`Stripe has no list of ${list} for this key.`);
      place = { kind: place.kind };
      continue;
    }
    const from: Place = place;
    const results = page.objects.map((object, index) => recordOf(object, whereOf(object, from, index)));
    place = nextPlace(from, page);
    yield {
      records: results.filter((result) => result !== undefined && 'kind' in result),
      problems: results.filter((result) => result !== undefined && 'reason' in result),
      cursor: JSON.stringify(place),
      fraction: place.kind === 'end' ? 1 : undefined,
    };
  }
}

function nextPlace(from: Place, { objects, hasMore }: StripePage): Place {
  if (!hasMore) return placeAfter(from.kind);
  const after = objects.map(idOf).findLast((id) => id !== undefined);
  // Going on would ask for the same page for ever.
  if (after === undefined || after === from.after)
    throw new ImportError('Stripe says there is more, and does not send it.');
  return { kind: from.kind, after };
}

const placeAfter = (kind: Place['kind'] | undefined): Place => ({
  kind: stageNames[stageNames.findIndex((name) => name === kind) + 1] ?? 'end',
});

const idOf = (object: unknown): string | undefined => identified.safeParse(object).data?.id;
const identified = z.object({ id: z.string().regex(/^[!-~]{1,255}$/) });

const whereOf = (object: unknown, { kind, after }: Place, index: number) =>
  idOf(object) ?? `${kind} ${index + 1} ${after === undefined ? 'of all' : `after ${after}`}`;

const placeSchema = z.object({ kind: z.enum([...stageNames, 'end']), after: z.string().optional() });

function parseCursor(cursor: string): Place {
  try {
    return placeSchema.parse(JSON.parse(cursor));
  } catch {
    throw new ImportError('This import was not begun from Stripe, and cannot go on from there.');
  }
}
