import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BillingOSError } from '../../client/errors.ts';
import { minimumGapMs } from '../../client/session/schedule.ts';
import { transition, type SessionEvent, type SessionState } from '../../client/session/state.ts';
import { createMerchant, type Answer } from './support/merchant.ts';
import { createToken } from './support/token.ts';
import { sessionOf } from './support/session.ts';
import { createWorld } from './support/world.ts';
import { readAnswer } from '../../client/session/read.ts';

const error = new BillingOSError('NETWORK_ERROR', 'No answer.');
const { token: _token, ...terms } = readAnswer(createToken());
const life = { ...terms, since: { monotonicMs: 0, calendarMs: 0 } };

const events = fc.constantFrom<SessionEvent>(
  { kind: 'asked' },
  { kind: 'received', life },
  { kind: 'failed', error, isOnline: true },
  { kind: 'failed', error, isOnline: false },
  { kind: 'refused' },
  { kind: 'ended', as: { kind: 'signedOut', error } },
  { kind: 'ended', as: { kind: 'broken', error } },
  { kind: 'retried' },
  { kind: 'stopped' },
);

const run = (sequence: readonly SessionEvent[]) => sequence.reduce<SessionState>(transition, { kind: 'idle' });

test('a terminal state is left only for a token, a retry or a sign-out', () => {
  const ends = fc.constantFrom<SessionEvent>(
    { kind: 'ended', as: { kind: 'signedOut', error } },
    { kind: 'ended', as: { kind: 'broken', error } },
  );
  fc.assert(
    fc.property(fc.array(events), ends, fc.array(events), (before, end, after) => {
      const ended = run([...before, end]);
      fc.pre(ended.kind === 'signedOut' || ended.kind === 'broken');
      const passing = after.filter(({ kind }) => !['received', 'retried', 'ended'].includes(kind));
      expect(passing.reduce(transition, ended)).toBe(ended);
    }),
  );
});

test('a life is shown only after a token was received, and never after it was refused', () => {
  fc.assert(
    fc.property(fc.array(events), (sequence) => {
      const state = run(sequence);
      const ending = sequence.findLast(({ kind }) => ['received', 'refused', 'ended'].includes(kind));
      if (ending?.kind !== 'received') expect('life' in state && state.life).toBeFalsy();
    }),
  );
});

type Step =
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'wake' | 'hide' | 'show' | 'need' | 'refuse' | 'accept' | 'restart' | 'retry' };

const steps = fc.array<Step>(
  fc.oneof(
    fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 90_000 }) }),
    fc.record({
      kind: fc.constant('answer' as const),
      answer: fc.constantFrom<Answer>('fresh', 'same', 'unreachable', 'nobody', 'nonsense', 'silence'),
    }),
    fc.record({
      kind: fc.constantFrom('wake', 'hide', 'show', 'need', 'refuse', 'accept', 'restart', 'retry' as const),
    }),
  ),
  { maxLength: 60 },
);

async function play(sequence: readonly Step[]) {
  const world = createWorld();
  const merchant = createMerchant(world, 60);
  const session = sessionOf({ getSessionToken: merchant.ask }, world.host);
  const token = () => session.newest()?.token ?? '';
  const acts: Record<Exclude<Step['kind'], 'pass' | 'answer'>, () => unknown> = {
    wake: () => world.wake('online'),
    hide: () => (world.page.isVisible = false),
    show: () => (world.page.isVisible = true),
    need: () => void session.getToken().catch(() => undefined),
    refuse: () => session.refused(token(), error),
    accept: () => session.accepted(token()),
    restart: () => (session.dispose(), session.start()),
    retry: () => session.retry(),
  };
  session.start();
  for (const step of sequence) {
    if (step.kind === 'pass') await world.advance(step.ms);
    else if (step.kind === 'answer') merchant.answer = step.answer;
    else await acts[step.kind]();
  }
  return { world, merchant, session };
}

const gapsOf = (moments: readonly number[]) => moments.slice(1).map((at, index) => at - (moments[index] ?? 0));

test('no sequence of answers makes two asks closer than five seconds', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const { merchant } = await play(sequence.filter(({ kind }) => kind !== 'retry'));
      expect(Math.min(minimumGapMs, ...gapsOf(merchant.asks))).toBe(minimumGapMs);
    }),
  );
});

test('no sequence of retries makes two asks closer than five seconds more than once a minute', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const { merchant } = await play(sequence);
      const gaps = gapsOf(merchant.asks);
      const hurried = merchant.asks.slice(1).filter((_at, index) => (gaps[index] ?? 0) < minimumGapMs);
      // An ask follows its retry within those five seconds.
      expect(Math.min(55_000, ...gapsOf(hurried))).toBe(55_000);
    }),
  );
});

test('no sequence of events leaves a timer or a listener behind after dispose', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const { world, session } = await play(sequence);
      session.dispose();
      expect(world.timerCount()).toBe(0);
      expect(world.listenerCount()).toBe(0);
    }),
  );
});

test('once the merchant answers again, whoever needs a token gets one, unless the session ended', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const { world, merchant, session } = await play(sequence);
      merchant.answer = 'fresh';
      await world.advance(75_000);
      const { kind } = session.state();
      fc.pre(kind !== 'signedOut' && kind !== 'broken');
      const token = session.getToken();
      await world.advance(5_000);
      expect(await Promise.race([token, Promise.resolve('none')])).toMatch(/^bos_session_test_/);
    }),
  );
});
