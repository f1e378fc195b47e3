import type { Service } from '../processes/service.ts';
import { askFor } from '../load/ask.ts';

/** What is measured, in this order, with one customer after the other. */
export const operations = {
  'createSession, customer not seen lately':
    'createSession for one of all customers, whom this process has not met: finds the customer in a transaction, inserts, commits, signs.',
  'createSession, customer seen lately': 'The same again: the customer’s id is in memory.',
  viewer: 'The `viewer` query with the token of the first session: first sight of the token, one row.',
  'sessions of a customer': 'The newest ten sessions of one customer.',
  'newest sessions': 'The newest ten sessions of the merchant.',
  'active sessions': 'The newest ten of the merchant that are neither over nor revoked.',
  revokeSession: 'Ends the first session: one committed row.',
} as const;

export type OperationName = keyof typeof operations;

const createDocument = `mutation ($input: CreateSessionInput!) {
  createSession(input: $input) { sessionToken session { id } customer { id } }
}`;
const viewerDocument = '{ viewer { id externalUserId email } }';
const listDocument = `query ($filter: SessionFilter) {
  sessions(first: 10, filter: $filter) { edges { node { id status createdAt } } pageInfo { hasNextPage } }
}`;
const revokeDocument = 'mutation ($id: ID!) { revokeSession(id: $id) { id status } }';

interface Created {
  readonly createSession: {
    readonly sessionToken: string;
    readonly session: { readonly id: string };
    readonly customer: { readonly id: string };
  };
}

/** Each operation once for each of these users, one request at a time; milliseconds. */
export async function timeOperations(
  service: Service,
  externalUserIds: readonly string[],
): Promise<Record<OperationName, number[]>> {
  const ask = askFor(service);
  const { secretKey } = service;
  const create = (externalUserId: string) =>
    ask<Created>(secretKey, createDocument, { input: { externalUserId } }).then(({ createSession }) => createSession);
  const list = (filter: object) => ask(secretKey, listDocument, { filter });

  const [first, created] = await timed(externalUserIds, create);
  return {
    'createSession, customer not seen lately': first,
    'createSession, customer seen lately': (await timed(externalUserIds, create))[0],
    viewer: (await timed(created, ({ sessionToken }) => ask(sessionToken, viewerDocument)))[0],
    'sessions of a customer': (await timed(created, ({ customer }) => list({ customer: customer.id })))[0],
    'newest sessions': (await timed(created, () => list({})))[0],
    'active sessions': (await timed(created, () => list({ active: true })))[0],
    revokeSession: (await timed(created, ({ session }) => ask(secretKey, revokeDocument, { id: session.id })))[0],
  };
}

async function timed<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<[number[], Result[]]> {
  const durationsMs: number[] = [];
  const results: Result[] = [];
  for (const item of items) {
    const startedAt = performance.now();
    results.push(await work(item));
    durationsMs.push(performance.now() - startedAt);
  }
  return [durationsMs, results];
}
