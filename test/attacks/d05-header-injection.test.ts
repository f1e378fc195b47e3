import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listener } from '../../server/http/listener.ts';
import { createHarness, type Harness, shopOrigin } from '../support/harness.ts';
import { graphqlBytes, type RawAnswer, listenFor, sendBytes } from '../support/raw-http.ts';

let harness: Harness;
let listener: Listener;
beforeAll(async () => {
  harness = await createHarness();
  listener = await listenFor(harness);
});
afterAll(async () => {
  await listener.close(0);
  await harness.stop();
});

/** Everything that an answer of ours may have in its head. */
const knownHeaders = new Set([
  // What would have been acceptable (406).
  'accept',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'allow',
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'retry-after',
  'transfer-encoding',
  'vary',
  'www-authenticate',
  'x-content-type-options',
  'x-request-id',
]);

const marker = 'injected';

/** Spellings of a line break that some reader on the way might turn into one. */
const breaks = [
  '\r\n',
  '\n',
  '\r',
  '%0d%0a',
  '%0D%0A',
  '%0a',
  '\\r\\n',
  '\\u000d\\u000a',
  '%E5%98%8A%E5%98%8D',
  '\u560a\u560d',
  '\u2028',
  '\x0b',
  '\x00',
];

const payload = fc
  .tuple(
    fc.constantFrom(...breaks),
    fc.constantFrom('Set-Cookie', 'Location', 'X-Injected'),
    fc.stringMatching(/^[\w ]{0,8}$/),
  )
  .map(([lineBreak, name, text]) => `${text}${lineBreak}${name}: ${marker}${lineBreak}${lineBreak}<b>${marker}`);

function expectOwnHeadersOnly(answer: RawAnswer): void {
  expect(answer.headers.map(([name]) => name).filter((name) => !knownHeaders.has(name))).toEqual([]);
  for (const [name, value] of answer.headers) expect(value, name).not.toContain(marker);
  // One answer, not two.
  expect(answer.text.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1);
}

const latin1 = (text: string) => Buffer.from(text).toString('latin1');
const inOneLine = (text: string) => latin1(text).replaceAll(/\p{Cc}/gu, '');

test('D5 nothing in the body becomes a header', async () => {
  await fc.assert(
    fc.asyncProperty(payload, async (text) => {
      const literal = JSON.stringify(text.replaceAll(/\p{Cc}/gu, '\n'));
      for (const query of [
        `{ node(id: ${literal}) { id } }`,
        `mutation { createSession(input: { externalUserId: ${literal} }) { expiresIn } }`,
        `query ${text} { viewer { id } }`,
      ]) {
        const lines = [`Authorization: Bearer ${harness.merchant.secretKey}`];
        expectOwnHeadersOnly(await sendBytes(listener.port, graphqlBytes({ lines, query })));
      }
    }),
    { numRuns: 40 },
  );
});

const reflected = [
  'Authorization: Bearer',
  'Authorization:',
  'Origin:',
  `Origin: ${shopOrigin}`,
  'X-Request-Id:',
  'X-Forwarded-For:',
  'X-Forwarded-Host:',
  'Accept:',
  'Cookie:',
];

test('D5 nothing in a header becomes a header of the answer', async () => {
  await fc.assert(
    fc.asyncProperty(payload, fc.constantFrom(...reflected), async (text, start) => {
      const lines = [`${start} ${inOneLine(text)}`];
      expectOwnHeadersOnly(await sendBytes(listener.port, graphqlBytes({ lines, query: '{ viewer { id } }' })));
    }),
    { numRuns: 80 },
  );
});

test('D5 nothing in the target becomes a header or a place to go', async () => {
  const targets = [
    `/sandbox/graphql%0d%0aSet-Cookie:${marker}`,
    `/sandbox/graphql?%0d%0aSet-Cookie:${marker}`,
    `/%0d%0aLocation:%20https://${marker}.example`,
    `//${marker}.example/sandbox/graphql`,
    `/\\${marker}.example`,
    `/sandbox//graphql/../${marker}`,
    `http://${marker}.example/sandbox/graphql`,
    `/livez?${marker}`,
    `/${marker}%`,
    `/${'a'.repeat(5_000)}${marker}`,
    '*',
    '/sandbox/graphql#',
  ];
  for (const target of targets) {
    const answer = await sendBytes(listener.port, graphqlBytes({ target, query: '{ viewer { id } }' }));
    expectOwnHeadersOnly(answer);
    expect(answer.body, target).not.toContain(marker);
    expect([200, 400, 401, 404], target).toContain(answer.status);
  }
});

test('D5 whatever Host a request names, it is answered the same, and the answer names none', async () => {
  for (const host of [
    `${marker}.example`,
    `${marker}.example:99999`,
    `[${marker}`,
    `a b${marker}`,
    `${marker}@x`,
    `x/${marker}?`,
    `x/livez?`,
    `x\\y`,
    `x#y`,
    '',
    `%0d%0a${marker}`,
  ]) {
    const body = JSON.stringify({ query: '{ viewer { id } }' });
    const head = [
      'POST /sandbox/graphql HTTP/1.1',
      `Host: ${host}`,
      'Connection: close',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      `Authorization: Bearer sk_live_x`,
    ];
    const answer = await sendBytes(listener.port, `${head.join('\r\n')}\r\n\r\n${body}`);
    expectOwnHeadersOnly(answer);
    expect(answer.text).not.toContain(marker);
    expect([400, 401], host).toContain(answer.status);
  }
});

test('D5 a request id is ours: one that is sent is not taken over', async () => {
  const lines = [`X-Request-Id: ${marker}`, `X-Correlation-Id: ${marker}`];
  const answer = await sendBytes(listener.port, graphqlBytes({ lines, query: '{ viewer { id } }' }));
  expectOwnHeadersOnly(answer);
  expect(answer.headers.find(([name]) => name === 'x-request-id')?.[1]).toMatch(/^[\da-f-]{36}$/);
});
