import type { Pool } from 'pg';
import type { DatabaseFailure } from '../metrics.ts';
import { inSpan, isTraced, SpanKind } from '../tracing.ts';
import { isOutageOfDriver } from './outage.ts';

type Ask = (...given: unknown[]) => Promise<unknown>;

interface Observer {
  /** Called for each statement, and each connection for a transaction, that was not to be had. */
  readonly onFailure: (failure: DatabaseFailure) => void;
}

/**
 * Sees what the pool is asked for: a span for each statement of a request that is traced, a call for each that fails. Spans
 * carry the text of a statement, which has placeholders, never its values.
 */
export function observePool(pool: Pool, { onFailure }: Observer): void {
  const noted = (asked: Promise<unknown>) =>
    asked.catch((error: unknown) => {
      onFailure(isOutageOfDriver(error) ? 'outage' : 'refused');
      throw error;
    });
  /** The pool calls itself with callbacks, which were seen at the door already. */
  const promised =
    (ask: Ask, see: Ask): Ask =>
    (...given) =>
      typeof given.at(-1) === 'function' ? ask(...given) : see(...given);
  const statements = (ask: Ask) =>
    promised(ask, (...given) =>
      noted(isTraced() ? inStatementSpan(textOf(given[0]), () => ask(...given)) : ask(...given)),
    );

  const connect = pool.connect.bind(pool) as Ask;
  Object.assign(pool, {
    query: statements(pool.query.bind(pool) as Ask),
    connect: promised(connect, () => noted(connect())),
  });
  pool.on('connect', (client) => {
    Object.assign(client, { query: statements(client.query.bind(client) as Ask) });
  });
}

const inStatementSpan = (text: string, ask: () => Promise<unknown>) =>
  inSpan(
    verbOf(text),
    { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql', 'db.query.text': text } },
    ask,
  );

const verbOf = (text: string) => /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'SQL';

const textOf = (statement: unknown): string => {
  if (typeof statement === 'string') return statement;
  return typeof statement === 'object' && statement !== null && 'text' in statement ? String(statement.text) : '';
};
