import { z } from 'zod';
import type { Page, PageRequest } from './context.ts';

/** How many items of a list: 1–100. */
export const pageSizeSchema = z
  .int()
  .min(1, { error: 'must be at least 1' })
  .max(100, { error: 'must be at most 100' })
  .nullish();

interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

export const pageRequestOf = ({ first, after }: PageArgs): PageRequest => ({
  first: first ?? 20,
  after: after ?? undefined,
});

/** A page as a Relay connection (https://relay.dev/graphql/connections.htm). */
export function connectionOf<Item>(
  { items, hasNextPage }: Page<Item>,
  { after }: PageArgs,
  cursorOf: (item: Item) => string,
) {
  const edges = items.map((node) => ({ cursor: cursorOf(node), node }));
  return {
    edges,
    pageInfo: {
      hasNextPage,
      hasPreviousPage: after != null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
