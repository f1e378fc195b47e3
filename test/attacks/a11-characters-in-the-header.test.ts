import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listener } from '../../server/http/listener.ts';
import { createForge, expectAllRefused, type Forge, whoAmI } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';
import { graphqlBytes, listenFor, sendBytes } from '../support/raw-http.ts';

let harness: Harness;
let forge: Forge;
let listener: Listener;
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
  listener = await listenFor(harness);
});
afterAll(async () => {
  await listener.close(0);
  await harness.stop();
});

const ask = (line: string) => sendBytes(listener.port, graphqlBytes({ lines: [line], query: whoAmI }));
const asUtf8 = (text: string) => Buffer.from(text).toString('latin1');

test('A11 the header means nothing with any other character than a token has', async () => {
  const { token } = forge;
  const middle = Math.floor(token.length / 2);
  const insert = (text: string) => token.slice(0, middle) + text + token.slice(middle);
  const characters = [
    '\u00e9',
    '\u00a0',
    '\u00ad',
    asUtf8('é'),
    asUtf8('\u200b'),
    asUtf8('\u202e'),
    asUtf8('𝐀'),
    '\t',
    ' ',
    ',',
    '"',
    '%',
    ';',
  ];
  await expectAllRefused(
    harness,
    characters.flatMap((character) => [insert(character), `${character}x${token}`, `${token}${character}x`]),
  );
});

test('A11 over a socket as well, and nothing of it comes back', async () => {
  const { token } = forge;
  expect((await ask(`Authorization: Bearer ${token}`)).status).toBe(200);
  for (const character of [asUtf8('é'), asUtf8('\u200b'), '\u00ff', '\t', ' ', ',']) {
    const answer = await ask(`Authorization: Bearer ${token.slice(0, 60)}${character}${token.slice(60)}`);
    expect(answer.status).toBe(401);
    expect(answer.body).toContain('"UNAUTHENTICATED"');
    expect(answer.text).not.toContain(token.slice(60, 100));
  }
});

const requests = () => harness.logLines.filter((line) => line.includes('"msg":"request"')).length;

test('A11 a header with a control character does not reach the app', async () => {
  const { token } = forge;
  const before = requests();
  for (const control of ['\0', '\x01', '\x1b', '\x7f', '\r', '\n', '\r\r', '\n\n', '\r\n\r', ' \r\n ']) {
    const answer = await ask(`Authorization: Bearer ${token.slice(0, 60)}${control}${token.slice(60)}`);
    expect(answer.status, JSON.stringify(control)).toBe(400);
  }
  expect(requests()).toBe(before);
});

test('A11 a line break in the header begins another header, and lends the token nothing', async () => {
  const { token } = forge;
  const answer = await ask(`Authorization: Bearer x\r\nX-Authorization: Bearer ${token}\r\nSet-Cookie: a=b`);
  expect(answer.status).toBe(401);
  expect(answer.text).not.toMatch(/set-cookie|x-authorization/i);
  for (const spelled of ['%0d%0a', '\\r\\n', asUtf8('\u560a'), asUtf8('\u2028')]) {
    const injected = await ask(`Authorization: Bearer ${token}${spelled}Set-Cookie:a=b`);
    expect(injected.status).toBe(401);
    expect(injected.text).not.toMatch(/set-cookie/i);
  }
});

test('A11 a scheme that is not Bearer, or a form that RFC 6750 does not know, is refused', async () => {
  const { token } = forge;
  const values = [
    token,
    `Basic ${token}`,
    `Basic ${Buffer.from(`${token}:`).toString('base64')}`,
    `Token ${token}`,
    `DPoP ${token}`,
    `Bearer${token}`,
    `Bearer  ${token}`,
    `Bearer\t${token}`,
    `Bearer "${token}"`,
    `Bearer token=${token}`,
    `Bearer: ${token}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `${asUtf8('Ｂearer')} ${token}`,
    'Bearer',
    'Bearer ',
    '',
  ];
  for (const value of values) expect((await ask(`Authorization: ${value}`)).status, value.slice(0, 20)).toBe(401);
});
