export interface PageRequest {
  /** 1–100, 20 when left out. */
  readonly first?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly after?: string | undefined;
}

/** A page; its items are under the name of what they are: `{ sessions, nextCursor }`. */
export type Page<Name extends string, Item> = Readonly<Record<Name, readonly Item[]>> & {
  /** For `after` of the next page; `undefined` on the last one. */
  readonly nextCursor: string | undefined;
};

/** The newest first: all of them with `for await`, which asks for one page after another, or one page. */
export interface List<Name extends string, Item> extends AsyncIterable<Item> {
  page(request?: PageRequest): Promise<Page<Name, Item>>;
}

/** A page as the API gives it (https://relay.dev/graphql/connections.htm). */
interface Connection<Wire> {
  readonly edges: readonly { readonly node: Wire }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

const mostPerPage = 100;

/** The list behind a function that asks for one page; nothing is asked before the list is used. */
export function createList<Name extends string, Wire, Item>(
  name: Name,
  itemOf: (wire: Wire) => Item,
  request: (page: PageRequest) => Promise<Readonly<Record<Name, Connection<Wire>>>>,
): List<Name, Item> {
  async function read({ first, after }: PageRequest) {
    const { edges, pageInfo } = (await request({ first, after }))[name];
    return {
      items: edges.map(({ node }) => itemOf(node)),
      nextCursor: pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined,
    };
  }
  return {
    async page(wanted = {}) {
      const { items, nextCursor } = await read(wanted);
      return { [name]: items, nextCursor } as Page<Name, Item>;
    },
    async *[Symbol.asyncIterator]() {
      let after: string | undefined;
      do {
        const { items, nextCursor } = await read({ first: mostPerPage, after });
        yield* items;
        after = nextCursor;
      } while (after !== undefined);
    },
  };
}
