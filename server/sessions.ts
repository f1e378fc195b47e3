import type {
  CustomerRecord,
  Customers,
  IssuedSession,
  Merchant,
  MerchantCaller,
  NewSession,
  Owner,
  SessionFilter,
  SessionRecord,
  Sessions,
  SessionSelection,
} from '../schema/context.ts';
import { ApiError, notFound, unknownCursor } from '../schema/errors.ts';
import { type CustomerId, isCustomerId, isKeyId, isSessionId } from '../schema/id.ts';
import type { Clock } from './clock.ts';
import { type FirstSession, identityOf } from './customers/first-session.ts';
import type { CustomerMemory, KnownCustomer } from './customers/memory.ts';
import type { Database } from './database/database.ts';
import { sessions as sessionTable } from './database/tables.ts';
import { newId } from './id.ts';
import type { Metrics } from './metrics.ts';
import type { SecretKeyRecord, SecretKeys } from './secret-keys.ts';
import { createSessionInserts } from './session-inserts.ts';
import { createSessionRows } from './session-rows.ts';
import type { AcceptToken } from './token/accept.ts';
import type { Revocation } from './token/revocation-memory.ts';
import type { Revocations } from './token/revocations.ts';
import type { Tokens } from './token/token.ts';

interface SessionsOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly customers: Pick<Customers, 'findBy'>;
  readonly customerMemory: CustomerMemory;
  readonly firstSession: FirstSession;
  readonly secretKeys: Pick<SecretKeys, 'byId'>;
  readonly tokens: Pick<Tokens, 'sign'>;
  readonly acceptToken: AcceptToken;
  readonly revocations: Pick<Revocations, 'add'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly metrics: Pick<Metrics, 'sessionCreated'>;
}

const defaultLifetimeSeconds = 3_600;

export function createSessions(options: SessionsOptions): Sessions {
  const { database, customers, customerMemory, firstSession, secretKeys, tokens, acceptToken, revocations, clock } =
    options;
  const rows = createSessionRows(database);
  const inserts = createSessionInserts(database);
  const now = () => new Date(clock.now());

  async function create(caller: MerchantCaller, input: NewSession): Promise<IssuedSession> {
    const lifetimeSeconds = input.expiresIn ?? defaultLifetimeSeconds;
    const draft = draftOf(caller, input, { nowMs: clock.now(), lifetimeSeconds });
    const identity = identityOf(input);
    const known = customerMemory.recall(caller, identity);
    const issued = (known && (await issueTo(known, caller, input, draft))) ?? (await issueFirst(caller, input, draft));
    options.metrics.sessionCreated(caller.environment);
    return { expiresInSeconds: lifetimeSeconds, ...issued };
  }

  /** Of a customer that was seen before. `undefined` when that is not so any more. */
  async function issueTo(known: KnownCustomer, caller: MerchantCaller, input: NewSession, draft: SessionDraft) {
    const session = { customerId: known.id, ...draft };
    // Signed while it is written; a token whose session was not is thrown away.
    const [isWritten, sessionToken] = await Promise.all([
      inserts.add({ row: rowOf(caller, draft, known.id), identity: identityOf(input) }),
      sign(caller, session),
    ]);
    if (!isWritten) return undefined;
    return { sessionToken, session, bindOutcome: await firstSession.outcomeFor(caller, known, input) };
  }

  async function issueFirst(caller: MerchantCaller, input: NewSession, draft: SessionDraft) {
    const identity = identityOf(input);
    customerMemory.forget(caller, identity);
    const { customer, bindOutcome } = await database.transaction(async (transaction) => {
      const settled = await firstSession.settle(transaction, caller, input);
      await transaction.insert(sessionTable).values(rowOf(caller, draft, settled.customer.id));
      return settled;
    });
    customerMemory.remember(caller, identity, customer);
    const session = { customerId: customer.id, ...draft };
    return {
      sessionToken: await sign(caller, session),
      session,
      bindOutcome: bindOutcome ?? (await firstSession.outcomeFor(caller, customer, input)),
    };
  }

  const sign = ({ merchantId, environment, keyId }: MerchantCaller, session: SessionRecord) =>
    tokens.sign({
      merchantId,
      environment,
      customerId: session.customerId,
      sessionId: session.id,
      keyId,
      operations: session.operations,
      // Whole seconds, like its end.
      issuedAtSeconds: Math.floor(session.createdAt.getTime() / 1_000),
      expiresAtSeconds: session.expiresAt.getTime() / 1_000,
    });

  async function require(owner: Owner, id: string): Promise<SessionRecord> {
    const [found] = isSessionId(id) ? await rows.byIds(owner, [id], now()) : [];
    if (!found) throw notFound('Session');
    return found;
  }

  async function end(owner: Owner, id: string): Promise<SessionRecord> {
    const session = await require(owner, id);
    if (session.status !== 'active') return session;
    await revocations.add(owner, { kind: 'session', subject: session.id, revokedAtMs: clock.now() });
    return require(owner, id);
  }

  async function revokeSelected(caller: Merchant, selection: SessionSelection): Promise<number> {
    const { filter, ...subject } = await subjectOf(caller, selection);
    const revokedAtMs = clock.now();
    await revocations.add(caller, { ...subject, revokedAtMs });
    // Counting may fail, with very many sessions or a database in need. They are revoked by then.
    return rows.countEndedBy(caller, filter, new Date(revokedAtMs));
  }

  /** What the selection names, after a look that it is this merchant's own. */
  async function subjectOf(caller: Merchant, selection: SessionSelection): Promise<Subject> {
    switch (selection.kind) {
      case 'all':
        return { kind: 'merchant', subject: caller.merchantId, filter: {} };
      case 'key':
        return keySubject(await secretKeys.byId(caller, selection.keyId));
      case 'customer':
        return customerSubject(await customers.findBy(caller, { kind: 'id', id: selection.customerId }));
      case 'organization':
        return customerSubject(await customers.findBy(caller, selection));
    }
  }

  return {
    create,
    revokeSelected,
    revoke: end,
    end: (caller) => end(caller, caller.sessionId),

    async list(caller, page, filter) {
      if (page.after !== undefined && !isSessionId(page.after)) throw unknownCursor();
      const isAnyIdForeign =
        (filter.customerId != null && !isCustomerId(filter.customerId)) ||
        (filter.keyId != null && !isKeyId(filter.keyId));
      return isAnyIdForeign ? { items: [], hasNextPage: false } : rows.page(caller, page, filter, now());
    },

    async find(caller, wanted) {
      const own = wanted.filter(isSessionId).filter((id) => caller.kind === 'merchant' || id === caller.sessionId);
      const found = own.length === 0 ? [] : await rows.byIds(caller, own, now());
      const byId = new Map<string, SessionRecord>(found.map((session) => [session.id, session]));
      return wanted.map((id) => byId.get(id) ?? null);
    },

    async introspect(caller, token) {
      const claims = await acceptToken(token, caller.environment).catch(onlyUnavailable);
      if (claims?.merchantId !== caller.merchantId) return null;
      return require(caller, claims.sessionId);
    },
  };
}

type SessionDraft = Omit<SessionRecord, 'customerId'>;

function draftOf(
  caller: MerchantCaller,
  input: NewSession,
  { nowMs, lifetimeSeconds }: { nowMs: number; lifetimeSeconds: number },
): SessionDraft {
  return {
    id: newId('ses', nowMs),
    environment: caller.environment,
    keyId: caller.keyId,
    externalUserId: input.externalUserId,
    operations: input.allowedOperations ? [...new Set(input.allowedOperations)] : 'all',
    metadata: input.metadata ?? {},
    createdAt: new Date(nowMs),
    // Whole seconds, as in the token.
    expiresAt: new Date((Math.floor(nowMs / 1000) + lifetimeSeconds) * 1000),
    revokedAt: null,
    lastUsedAt: null,
    status: 'active',
  };
}

const rowOf = ({ merchantId }: Owner, draft: SessionDraft, customerId: CustomerId) => ({
  merchantId,
  environment: draft.environment,
  id: draft.id,
  customerId,
  keyId: draft.keyId,
  externalUserId: draft.externalUserId,
  operations: draft.operations === 'all' ? null : [...draft.operations],
  metadata: draft.metadata,
  createdAt: draft.createdAt,
  expiresAt: draft.expiresAt,
});

type Subject = Pick<Revocation, 'kind' | 'subject'> & { readonly filter: SessionFilter };

function customerSubject(customer: CustomerRecord | null): Subject {
  if (!customer) throw notFound('Customer');
  return { kind: 'customer', subject: customer.id, filter: { customerId: customer.id } };
}

function keySubject(key: SecretKeyRecord | null): Subject {
  if (!key) throw notFound('Secret key');
  return { kind: 'key', subject: key.id, filter: { keyId: key.id } };
}

/** RFC 7662: a token that is not active says nothing more. That nobody can tell is no answer about the token. */
function onlyUnavailable(error: unknown): null {
  if (error instanceof ApiError && error.code !== 'UNAVAILABLE') return null;
  throw error;
}
