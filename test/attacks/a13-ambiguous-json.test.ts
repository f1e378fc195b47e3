import { afterAll, beforeAll, expect, test } from 'vitest';
import { createForge, encode, expectAllRefused, type Forge, sign } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let forge: Forge;
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
});
afterAll(() => harness.stop());

/** The same JSON, written otherwise. */
const spellingsOf = (json: string, member: string) => [
  json.replace('{', `{${member},`),
  json.replace(/\}$/, `,${member}}`),
  ` ${json}`,
  `${json} `,
  `${json}\n`,
  `\ufeff${json}`,
  json.replaceAll(':', ': '),
  json.replace('"alg"', '"\\u0061lg"'),
];

test('A13 a header that is written otherwise is refused though the real key signed it', async () => {
  const { genuine, privateKey } = forge;
  const json = JSON.stringify(genuine.header);
  const members = ['"alg":"none"', '"alg":"ES256"', '"kid":"x"', '"typ":"JWT"', '"ALG":"none"'];
  const headers = members
    .flatMap((member) => spellingsOf(json, member))
    .concat(`${json}${json}`, `${json}x`, `[${json}]`, json.slice(0, -1), 'null', '""')
    .filter((header) => header !== json);
  const tokens = await Promise.all(headers.map((header) => sign(privateKey, header, genuine.payload)));
  await expectAllRefused(
    harness,
    tokens.map((jws) => genuine.prefix + jws),
  );
});

test('A13 a payload that is not one JSON object is refused though the real key signed it', async () => {
  const { genuine, privateKey } = forge;
  const json = JSON.stringify(genuine.payload);
  const payloads = [
    `${json}x`,
    `${json}${json}`,
    `${json},`,
    `${json}\0`,
    `[${json}]`,
    json.slice(0, -1),
    'null',
    '""',
    '0',
    '',
  ];
  const tokens = await Promise.all(payloads.map((payload) => sign(privateKey, genuine.header, payload)));
  await expectAllRefused(
    harness,
    tokens.map((jws) => genuine.prefix + jws),
  );
});

test('A13 of two members of one name, only the last one counts, and only what is signed', async () => {
  const { genuine, privateKey } = forge;
  const twice = (name: string, first: unknown, last: unknown) => {
    const { [name]: _dropped, ...rest } = genuine.payload;
    return JSON.stringify(rest).replace(
      /\}$/,
      `,"${name}":${JSON.stringify(first)},"${name}":${JSON.stringify(last)}}`,
    );
  };
  const { env, sub } = genuine.payload;
  const tokens = await Promise.all(
    [twice('env', env, 'live'), twice('sub', sub, 'x'), twice('iss', genuine.payload['iss'], 'x')].map((payload) =>
      sign(privateKey, genuine.header, payload),
    ),
  );
  await expectAllRefused(
    harness,
    tokens.map((jws) => genuine.prefix + jws),
  );

  const [header, , signature] = genuine.segments;
  await expectAllRefused(harness, [`${genuine.prefix}${header}.${encode(twice('sub', 'x', sub))}.${signature}`]);
});

test('A13 a claim that only a prototype has is missing', async () => {
  const { genuine, privateKey } = forge;
  const { sid, ...rest } = genuine.payload;
  const payload = JSON.stringify(rest).replace('{', `{"__proto__":${JSON.stringify({ sid })},`);
  expect(JSON.parse(payload)).not.toHaveProperty('sid');
  await expectAllRefused(harness, [genuine.prefix + (await sign(privateKey, genuine.header, payload))]);
});
