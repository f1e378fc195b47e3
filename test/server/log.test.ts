import { DrizzleQueryError } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '../../server/log.ts';
import { generateSecretKey } from '../../server/secret-key.ts';
import { createSession } from '../support/create-session.ts';
import { createHarness, createHarnessForTest, type Harness } from '../support/harness.ts';

/** What comes out of the process when something is logged. */
function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  write(createLogger({ level: 'trace', destination: { write: (line) => lines.push(line) } }));
  return lines.join('');
}

const jwt = `eyJhbGciOiJFUzI1NiJ9.${'payload'.repeat(9)}.c2lnbmF0dXJl-_x`;
const secrets = [
  ['a secret key of the sandbox', generateSecretKey('test'), 'sk_test_'],
  ['a secret key of production', generateSecretKey('live'), 'sk_live_'],
  ['a session token', `bos_session_test_${jwt}`, 'bos_session_test_'],
  ['a session token of production', `bos_session_live_${jwt}`, 'bos_session_live_'],
  ['a webhook secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_'],
  ['a JWT', jwt, 'eyJ'],
] as const;

describe.each(secrets)('%s is taken out', (_what, secret, shown) => {
  test.each<[string, (logger: ReturnType<typeof createLogger>) => void]>([
    ['of a message', (logger) => logger.info(`called with ${secret}, which is wrong`)],
    ['of a field', (logger) => logger.info({ credential: secret }, 'called')],
    ['of the depths of an object', (logger) => logger.info({ a: [{ b: { c: `x=${secret}` } }] }, 'called')],
    ['of the name of a field', (logger) => logger.info({ [secret]: 1 }, 'called')],
    ['of text on several lines', (logger) => logger.info(`one\n${secret}\n"two"`)],
    ['of a URL', (logger) => logger.info({ url: `http://localhost/?token=${secret}&x=1` })],
    ['of an error', (logger) => logger.error({ err: new Error(`refused ${secret}`) }, 'failed')],
    ['of an error’s cause', (logger) => logger.error({ err: new Error('x', { cause: new Error(secret) }) }, 'failed')],
    ['of a child’s fields', (logger) => logger.child({ credential: secret }).info('called')],
  ])('%s', (_where, write) => {
    const line = logged(write);
    expect(line).not.toContain(secret.slice(shown.length, shown.length + 12));
    expect(line).toContain(`${shown}[redacted]`);
    expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});

test.each([
  ['ada@example.com', 'called by ada@example.com.'],
  ['ada+tag@mail.example.co.uk', 'to <ada+tag@mail.example.co.uk>'],
  ['jürgen@münchen.example', 'jürgen@münchen.example'],
])('the address %s is taken out', (address, message) => {
  for (const line of [logged((logger) => logger.info(message)), logged((logger) => logger.info({ message }))]) {
    expect(line).not.toContain(address);
    expect(line).toContain('[address]');
  }
});

test.each(['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'Cookie'])(
  'the header %s is taken out by its name, whatever it holds',
  (name) => {
    const odd = { aGVsbG8: ['aGVsbG8'], 'b}': '"aGVsbG8' };
    for (const value of [
      'Basic aGVsbG8=',
      'a="b\\"; c=aGVsbG8',
      ['a="1]"', 'aGVsbG8'],
      [],
      [null, 'aGVsbG8'],
      odd,
      7,
    ]) {
      const header = { [name]: value };
      for (const fields of [header, { headers: header }, { a: [{ request: { headers: header, after: 1 } }] }]) {
        const line = logged((logger) => logger.info(fields, 'called'));
        expect(line).not.toContain('aGVsbG8');
        expect(line).toContain('"[redacted]"');
        expect(JSON.parse(line)).toMatchObject({ msg: 'called' });
      }
    }
  },
);

test('a failed statement is logged without its parameters, and without the values that PostgreSQL quotes', () => {
  const cause = Object.assign(new Error('duplicate key value violates unique constraint "customers_user"'), {
    code: '23505',
    detail: 'Key (external_user_id)=(a private name) already exists.',
  });
  const line = logged((logger) =>
    logger.error({ err: new DrizzleQueryError('insert into customers values ($1)', ['a private name'], cause) }),
  );

  expect(line).not.toContain('private');
  expect(JSON.parse(line)).toMatchObject({ err: { message: cause.message, code: '23505', stack: expect.any(Array) } });
});

test('an error that is logged without a message is no exception', () => {
  const err = new Error('Failed query: …', { cause: new Error('syntax error') });
  for (const line of [logged((logger) => logger.error(err)), logged((logger) => logger.error({ err }))]) {
    expect(JSON.parse(line)).toMatchObject({ err: { message: 'syntax error' }, msg: 'without a message' });
  }
});

test('what is thrown and is no error is not repeated', () => {
  expect(logged((logger) => logger.error({ err: 'a private name' }))).not.toContain('private');
});

describe('the log of a request', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await createHarness();
  });
  afterAll(() => harness.stop());

  test('is one line that names it, and nothing that came with it', async () => {
    const { billingos } = harness.merchant;
    const created = await billingos.createSessionToken({
      externalUserId: 'private-user',
      email: 'private@example.com',
      metadata: { note: 'private note' },
    });
    harness.logLines.splice(0);
    const { headers } = await harness.graphql(created.sessionToken, '{ viewer { externalUserId email } }');

    const lines = harness.logLines.filter((line) => line.includes('"request"'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 30,
      time: expect.any(String),
      service: 'billingos',
      requestId: headers.get('x-request-id'),
      environment: 'test',
      method: 'POST',
      field: 'viewer',
      status: 200,
      durationMs: expect.any(Number),
      msg: 'request',
    });
  });

  test('says why it failed, which the answer does not, without what the failed statement was about', async () => {
    const broken = await createHarnessForTest();
    await broken.database.db.execute('alter table customers rename to something_else');
    const { status, text, errors } = await createSession(broken, 'variables', { externalUserId: 'private-user' });

    expect(status).toBe(500);
    expect(errors[0]).toMatchObject({ extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: expect.any(String) } });
    expect(text).not.toMatch(/customers|relation|select/i);
    const line = broken.logLines.find((logLine) => logLine.includes('failed unexpectedly')) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      requestId: errors[0]?.extensions['requestId'],
      err: { message: 'relation "customers" does not exist', code: '42P01' },
    });
    expect(broken.logLines.join('')).not.toContain('private-user');
  });
});
