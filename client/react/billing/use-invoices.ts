import { useCallback, useMemo } from 'react';
import { billingErrorOf } from '../../failure.ts';
import { InvoicesDocument, type InvoiceFragment, type InvoicesQuery } from '../../generated.ts';
import { useBillingOS } from '../context.ts';
import { useAction, type ActionState } from './action.ts';
import { useAnswer, type Answer } from './answer.ts';

export type UseInvoices = Answer<{ invoices: readonly InvoiceFragment[]; hasMore: boolean }> & {
  /** Asks for the next page; those before stay. */
  readonly loadMore: () => void;
  /** How loading more is going. */
  readonly more: ActionState;
};

type Page = InvoicesQuery['viewer']['invoices'];

/** What was loaded after the first page, and after which one: another first page begins anew. */
interface Later {
  readonly after: string | null;
  readonly pages: readonly Page[];
}

const defaultPageSize = 20;
const valuesOf = ({ viewer: { invoices } }: InvoicesQuery) => ({ page: invoices });

/** The customer’s invoices, newest first, a page at a time. Needs READ_INVOICES. */
export function useInvoices({ pageSize = defaultPageSize }: { readonly pageSize?: number } = {}): UseInvoices {
  const { client } = useBillingOS();
  const variables = useMemo(() => ({ first: pageSize }), [pageSize]);
  const answer = useAnswer('invoices', InvoicesDocument, variables, valuesOf);

  const ask = useCallback(
    async (before: Later, after: string | null): Promise<Later> => {
      const { data, error } = await client.query(InvoicesDocument, { first: pageSize, after }).toPromise();
      if (error) throw billingErrorOf(error);
      return { ...before, pages: [...before.pages, ...(data ? [data.viewer.invoices] : [])] };
    },
    [client, pageSize],
  );
  const { state: more, result, run } = useAction(ask);

  return useMemo(() => {
    const { page: first, ...rest } = answer;
    if (!first) return { ...rest, more, loadMore: () => {} } as UseInvoices;
    const after = first.pageInfo.endCursor;
    const later = result?.after === after ? result : { after, pages: [] };
    const pages = [first, ...later.pages];
    const { endCursor, hasNextPage } = pages.at(-1)?.pageInfo ?? first.pageInfo;
    const loadMore = () => {
      if (hasNextPage) void run(later, endCursor);
    };
    const invoices = pages.flatMap(({ edges }) => edges.map(({ node }) => node));
    return { ...rest, status: 'ready', invoices, hasMore: hasNextPage, more, loadMore } as UseInvoices;
  }, [answer, result, more, run]);
}
