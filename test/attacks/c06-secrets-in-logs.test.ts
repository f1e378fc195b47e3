import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '../../server/log.ts';
import { generateSecretKey } from '../../server/secret-key.ts';
import { createForge, openToken } from '../support/forge.ts';
import { createHarness, type Harness, send } from '../support/harness.ts';

let harness: Harness;
let secrets: string[];
beforeAll(async () => {
  harness = await createHarness();
  const { token, signed, genuine } = await createForge(harness);
  const expired = await signed({ payload: { iat: 1_000_000_000, exp: 1_000_000_060 } });
  const revoked = await harness.rival.billingos.createSessionToken({ externalUserId: 'bob' });
  await harness.rival.billingos.revokeSession(revoked.session.id);
  const live = await harness.newMerchant('Live', 'live');
  secrets = [
    harness.merchant.secretKey,
    live.secretKey,
    generateSecretKey('test'),
    `${generateSecretKey('live')}x`,
    token,
    expired,
    revoked.sessionToken,
    genuine.segments.join('.'),
    `whsec_${'a1B2'.repeat(8)}`,
  ];
});
afterAll(() => harness.stop());

const addresses = [
  'ada@example.com',
  'Ada.Lovelace+billing@mail.example.co.uk',
  'ada@localhost',
  'ädä@exämple.com',
  '"countess of"@example.com',
];

/** What stands before a secret decides nothing. */
const around = ['', 'Bearer ', '=', '%3D', '\n', '\t', '"', 'x', '_', '0', '\\n', '/', 'é'];

/** So much of each that the rest could be guessed from it. */
const tellingParts = () => [
  ...secrets.flatMap((secret) => [secret, secret.slice(-20)]),
  ...secrets.filter((secret) => secret.startsWith('bos_')).flatMap((token) => openToken(token).segments),
  ...addresses.flatMap((address) => [address, JSON.stringify(address).slice(1, -1), encodeURIComponent(address)]),
];

function expectClean(lines: readonly string[]): void {
  const log = lines.join('');
  expect(tellingParts().filter((part) => log.includes(part))).toEqual([]);
}

/** One request with the text at every place that a request has. */
async function useEverywhere(text: string): Promise<void> {
  const url = `${harness.issuers.test}/graphql`;
  const isHeaderText = /^[\x20-\x7e]*$/.test(text);
  const post = (body: string, more: Record<string, string> = {}) =>
    send(harness.app, url, { method: 'POST', headers: { 'content-type': 'application/json', ...more }, body });
  const merchant = { authorization: `Bearer ${harness.merchant.secretKey}` };
  const quoted = JSON.stringify(text);
  const query = '{ currentSession { id } }';

  if (isHeaderText) {
    for (const name of ['authorization', 'cookie', 'x-api-key', 'origin', 'user-agent', 'referer', 'x-forwarded-for']) {
      await post(JSON.stringify({ query }), { [name]: text });
    }
    await post(JSON.stringify({ query }), { authorization: `Bearer ${text}` });
    await post(JSON.stringify({ query }), { authorization: `Bearer ${text}`, origin: 'https://attacker.example' });
  }
  await send(harness.app, `${url}?query=${encodeURIComponent(text)}&access_token=${encodeURIComponent(text)}`);
  await send(harness.app, `${url}/${encodeURIComponent(text)}?${encodeURIComponent(text)}`);
  await post(text);
  await post(`{"query":${quoted}`);
  await post(JSON.stringify({ query: text }));
  await post(JSON.stringify({ query: `{ node(id: ${quoted}) { id } }` }), merchant);
  await post(
    JSON.stringify({
      query: `query ($t: String!) { introspectSession(token: $t) { active } }`,
      variables: { t: text },
    }),
    merchant,
  );
  await post(JSON.stringify({ query, operationName: text, variables: { [text]: text }, extensions: { [text]: text } }));
  await post(
    JSON.stringify({
      query: 'mutation ($input: CreateSessionInput!) { createSession(input: $input) { expiresIn } }',
      variables: {
        input: {
          externalUserId: text.slice(0, 255),
          externalOrganizationId: text.slice(0, 255),
          email: text,
          metadata: { text, [text]: 1 },
        },
      },
    }),
    merchant,
  );
}

describe('a run of the service', () => {
  test('C6 logs no secret and no address, wherever they were sent', async () => {
    for (const secret of secrets) await useEverywhere(secret);
    for (const address of addresses) await useEverywhere(address);
    for (const before of around) await useEverywhere(`${before}${secrets[0]}${before}${secrets[4]}`);
    expect(harness.logLines.filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThan(200);
    expectClean(harness.logLines);
  });

  // The last of the run: the database is gone after it.
  test('C6 logs no secret and no address when everything fails', async () => {
    const before = harness.logLines.length;
    await harness.database.close();
    harness.clock.advance(2_000);
    for (const text of [...secrets, ...addresses]) await useEverywhere(text);
    const failures = harness.logLines.slice(before).filter((line) => /"level":(40|50)/.test(line));
    expect(failures.length).toBeGreaterThan(10);
    expectClean(harness.logLines);
  });
});

describe('the sink', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'trace', destination: { write: (line: string) => lines.push(line) } });

  test('C6 lets no secret and no address out, whatever the caller of the logger forgot', () => {
    for (const text of [...secrets, ...addresses]) {
      for (const before of around) {
        const value = before + text;
        const error = Object.assign(new Error(value, { cause: new Error(value) }), { params: [value], query: value });
        logger.info(value);
        logger.info({ value, nested: { list: [value, { deep: value }] }, [value]: true }, 'message');
        logger.info({ json: JSON.stringify({ value, again: JSON.stringify({ value }) }) });
        logger.info({
          headers: { authorization: value, cookie: value },
          url: `/graphql?q=${encodeURIComponent(value)}`,
        });
        logger.error({ err: error }, value);
        logger.error(error);
        logger.warn({ err: value });
      }
    }
    expect(lines.length).toBeGreaterThan(500);
    expectClean(lines);
  });

  test('C6 keeps the rest of a line, so that it is still of use', () => {
    lines.length = 0;
    logger.info({ requestId: 'r1', status: 401, note: `key ${secrets[0]} of ada@example.com` }, 'request');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      requestId: 'r1',
      status: 401,
      msg: 'request',
      note: 'key sk_test_[redacted] of [address]',
    });
  });
});
