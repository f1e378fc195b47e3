import { randomInt, randomUUID } from 'node:crypto';
import { BillingOSError } from '../../../client/node.ts';
import { type Ledger, useOf } from './ledger.ts';
import { answerTo, type Service } from './service.ts';

/** What was answered. */
export interface Answers {
  right: number;
  /** 503 with the code UNAVAILABLE. */
  unavailable: number;
  /** Nothing: the connection broke, or there was none. */
  unreachable: number;
  /** Anything else, in words: there must be none. */
  readonly wrong: string[];
  /** When the last one that was right arrived, by `performance.now()`. */
  lastRightAt: number;
}

export interface Load {
  readonly answers: Answers;
  /** Resolves when the last request is answered. */
  stop(): Promise<void>;
}

/** `one` process knows at once what it revoked; of `several`, each within a second. */
interface Reach extends Pick<Service, 'url' | 'billingos'> {
  readonly processes: 'one' | 'several';
}

/** Clients that write and read without a pause, each with new users now and then, and note what was acknowledged. */
export function startLoad(service: Reach, ledger: Ledger, clients = 4): Load {
  const answers: Answers = { right: 0, unavailable: 0, unreachable: 0, wrong: [], lastRightAt: 0 };
  const over = new AbortController();
  const users = Array.from({ length: clients * 5 }, () => `user-${randomUUID()}`);
  const client = async () => {
    while (!over.signal.aborted) await turn(service, ledger, answers, users[randomInt(users.length)] ?? '');
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    answers,
    async stop() {
      over.abort();
      await all;
    },
  };
}

async function turn({ url, billingos, processes }: Reach, ledger: Ledger, answers: Answers, externalUserId: string) {
  const created = await noted(answers, () => billingos.createSessionToken({ externalUserId }));
  if (!created) return;
  const { session, sessionToken: token, customer } = created;
  const issued: Parameters<Ledger['sessions']['set']>[1] = { token, state: 'active' };
  ledger.sessions.set(session.id, issued);
  noteToken(answers, await answerTo(url, token), 'accepted');

  const idempotencyKey = randomUUID();
  const use = { customerId: customer.id, isAcknowledged: false };
  ledger.uses.set(idempotencyKey, use);
  const recorded = await noted(answers, () => billingos.recordUsage(useOf({ ...use, idempotencyKey })));
  if (recorded) use.isAcknowledged = true;

  const newUserId = `customer-${randomUUID()}`;
  const made = await noted(answers, () => billingos.createCustomer({ identity: { externalUserId: newUserId } }));
  if (made) ledger.customers.set(newUserId, made.id);

  issued.state = 'asked';
  if (!(await noted(answers, () => billingos.revokeSession(session.id)))) return;
  issued.state = 'revoked';
  if (processes === 'one') noteToken(answers, await answerTo(url, token), 'TOKEN_REVOKED');
}

async function noted<Result>(answers: Answers, call: () => Promise<Result>): Promise<Result | undefined> {
  try {
    const result = await call();
    noteRight(answers);
    return result;
  } catch (error) {
    if (!(error instanceof BillingOSError)) throw error;
    if (error.code === 'UNAVAILABLE' && error.status === 503) answers.unavailable += 1;
    else if (error.code === 'NETWORK_ERROR' || error.code === 'TIMEOUT') answers.unreachable += 1;
    else answers.wrong.push(`${error.code} ${error.status}: ${error.message}`);
    return undefined;
  }
}

function noteToken(answers: Answers, answer: string, right: string) {
  if (answer === right) noteRight(answers);
  else if (answer === 'UNAVAILABLE') answers.unavailable += 1;
  else if (answer === 'UNREACHABLE') answers.unreachable += 1;
  else answers.wrong.push(`a token: ${answer}, not ${right}`);
}

function noteRight(answers: Answers) {
  answers.right += 1;
  answers.lastRightAt = performance.now();
}
