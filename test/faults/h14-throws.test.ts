import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpStatusByErrorCode } from '../../schema/error-codes.ts';
import { type App, createApp } from '../../server/app.ts';
import { createLogger, type Logger } from '../../server/log.ts';
import { createHarness, type GraphqlAnswer, type Harness, publicUrl, shopOrigin } from '../support/harness.ts';
import { createDatabase } from '../support/postgres.ts';
import { urlOf } from '../support/process.ts';
import { createBattery } from './support/battery.ts';
import { hostileThrows, quoted } from './support/hostile-throws.ts';
import { report } from './support/report.ts';
import { timeout } from './support/rounds.ts';
import { createSaboteur, sabotaged } from './support/sabotage.ts';
import { onPostgres, startService } from './support/service.ts';

let harness: Harness;
let fire: Awaited<ReturnType<typeof createBattery>>;
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown) => unhandled.push(reason);
beforeAll(async () => {
  harness = await createHarness();
  fire = await createBattery(harness);
  process.on('unhandledRejection', noteUnhandled);
}, timeout);
afterAll(async () => {
  process.off('unhandledRejection', noteUnhandled);
  await harness.stop();
}, timeout);

const loggerTo = (write: (line: string) => void): Logger => createLogger({ level: 'trace', destination: { write } });

const appWith = (parts: { rules?: Harness['rules']; logger?: Logger }): App =>
  createApp({
    database: harness.database,
    rules: harness.rules,
    issuers: harness.issuers,
    logger: loggerTo(() => undefined),
    allowedOrigins: [shopOrigin],
    ownOrigins: [publicUrl],
    requestsPerMinute: { ofSecretKey: 0, ofCustomer: 0, ofAddress: 0 },
    processes: 'one',
    maxInFlight: 0,
    graphiql: 'on',
    documentation: new Map(),
    ...parts,
  });

const knownCodes = Object.keys(httpStatusByErrorCode);

/** Every failure has a code that is documented, and no answer repeats what was thrown. */
function expectMasked(answers: readonly GraphqlAnswer[]) {
  for (const { text, status, errors } of answers) {
    expect(text).not.toContain(quoted);
    expect(text).not.toMatch(/node_modules|\.ts:\d/);
    for (const { extensions } of errors) expect(knownCodes).toContain(extensions['code']);
    if (status >= 500 && text.includes('errors')) expect(errors.length).toBeGreaterThan(0);
  }
}

test(
  'H14 whatever any function of the rules throws is masked, and the next request is answered',
  { timeout },
  async () => {
    const saboteur = createSaboteur();
    const lines: string[] = [];
    const app = appWith({
      rules: sabotaged(harness.rules, saboteur),
      logger: loggerTo((line) => void lines.push(line)),
    });
    const note = { onSend: (index: number) => void (saboteur.request = index) };
    const untroubled = (await fire(app, note)).map(({ status }) => status);
    expect(untroubled).not.toContain(500);

    const targets = [...saboteur.called.keys()];
    let failed = 0;
    for (const [index, target] of targets.entries()) {
      Object.assign(saboteur, { target, thrown: hostileThrows[index % hostileThrows.length] });
      const answers = await fire(app, { only: saboteur.called.get(target) });
      expectMasked(answers);
      failed += answers.filter(({ code }) => code === 'INTERNAL_SERVER_ERROR').length;
    }
    for (const thrown of hostileThrows) {
      Object.assign(saboteur, { target: 'sessions.create', thrown });
      const answers = await fire(app, { only: saboteur.called.get('sessions.create') });
      expectMasked(answers);
      expect(answers.map(({ code }) => code)).toContain('INTERNAL_SERVER_ERROR');
    }
    saboteur.target = undefined;
    expect((await fire(app)).map(({ status }) => status)).toEqual(untroubled);
    expect(unhandled).toEqual([]);
    expect(targets.length).toBeGreaterThan(20);
    report({
      fault: 'H14 a throw in every function of the rules',
      figures: { functions: targets.length, 'masked answers': failed, 'unmasked answers': 0, 'process ended': 0 },
    });
  },
);

test('H14 a log that cannot be written costs no request', async () => {
  const broken = (): never => {
    throw new Error(quoted);
  };
  const untroubled = (await fire(appWith({}))).map(({ status }) => status);
  const answers = await fire(appWith({ logger: loggerTo(broken) }));
  expectMasked(answers);
  expect(answers.map(({ status }) => status)).toEqual(untroubled);
  expect(unhandled).toEqual([]);
});

test('H14 a server whose log nobody reads any more goes on', { timeout }, async () => {
  const service = await startService({ ...onPostgres(urlOf(await createDatabase())), LOG_LEVEL: 'info' });
  service.stopReading();
  for (let at = 0; at < 20; at++) {
    expect(await service.billingos.createSessionToken({ externalUserId: `user-${at}` })).toBeTruthy();
  }
  expect(await service.stop()).toBe(0);
  report({ fault: 'H14 a closed standard error', figures: { requests: 20, failed: 0 } });
});
