import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environments } from '../../schema/environment.ts';
import { createForge, expectAllRefused, expectRefused, type Forge, useToken, whoAmI } from '../support/forge.ts';
import { createHarness, type Harness, type TestMerchant } from '../support/harness.ts';

let harness: Harness;
let forges: Record<'test' | 'live', Forge>;
let liveMerchant: TestMerchant;
beforeAll(async () => {
  harness = await createHarness();
  forges = { test: await createForge(harness), live: await createForge(harness, 'live') };
  liveMerchant = await harness.newMerchant('Live', 'live');
});
afterAll(() => harness.stop());

test('A8 a token under any other prefix than its own is refused', async () => {
  const { genuine, token } = forges.test;
  const jws = genuine.segments.join('.');
  await expectAllRefused(harness, [
    jws,
    genuine.prefix + token,
    `BOS_SESSION_TEST_${jws}`,
    `Bos_session_test_${jws}`,
    `bos_session_TEST_${jws}`,
    `bos_session_test${jws}`,
    `bos_session_test__${jws}`,
    `bos-session-test-${jws}`,
    `bos_session_sandbox_${jws}`,
    `bos_session_${jws}`,
    `_${token}`,
    `sk_test_${jws}`,
    `${genuine.prefix.slice(0, -1)}.${jws}`,
  ]);
});

test('A8 a prefix in letters that only look right is refused', async () => {
  const jws = forges.test.genuine.segments.join('.');
  // As UTF-8 bytes: a header cannot carry them as characters.
  const lookAlikes = [
    'bоs_session_test_',
    'bos_sessіon_test_',
    'ｂos_session_test_',
    'bos_session_tеst_',
    'bos＿session_test_',
  ];
  const spelled = lookAlikes.map((prefix) => Buffer.from(prefix).toString('latin1') + jws);
  await expectAllRefused(harness, spelled);
});

const wrongPlaces = fc.record({
  belongsTo: fc.constantFrom(...environments),
  sentTo: fc.constantFrom(...environments),
  kind: fc.constantFrom('session token', 'made-up token', 'secret key', 'made-up secret key'),
  junk: fc.stringMatching(/^[\w.~+/=-]{0,80}$/),
});

function credentialOf(kind: string, environment: 'test' | 'live', junk: string): string {
  if (kind === 'session token') return forges[environment].token;
  if (kind === 'made-up token') return `bos_session_${environment}_${junk}`;
  if (kind === 'made-up secret key') return `sk_${environment}_${junk}`;
  return environment === 'test' ? harness.merchant.secretKey : liveMerchant.secretKey;
}

test('A8 a credential at the endpoint of the other environment is told which endpoint is right, whatever it is worth', async () => {
  await fc.assert(
    fc.asyncProperty(wrongPlaces, async ({ belongsTo, sentTo, kind, junk }) => {
      const credential = credentialOf(kind, belongsTo, junk);
      const answer = await harness.graphql(credential, whoAmI, undefined, {
        environment: sentTo,
        // Of its own for every run: wrong keys are counted by address.
        address: `198.51.100.${Math.floor(Math.random() * 255)}`,
      });
      if (belongsTo !== sentTo) {
        const endpoint = `${harness.issuers[belongsTo]}/graphql`;
        expect(answer).toMatchObject({ status: 401, code: 'WRONG_ENVIRONMENT', data: null });
        expect(answer.errors[0]?.extensions['endpoint']).toBe(endpoint);
        expect(answer.errors[0]?.message).toContain(endpoint);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
      } else {
        expect(answer.code).not.toBe('WRONG_ENVIRONMENT');
      }
    }),
    { numRuns: 200 },
  );
});

test('A8 no environment is guessed for what has no prefix of ours', async () => {
  for (const junk of [
    'eyJhbGciOiJub25lIn0.e30.',
    'test',
    'live',
    'sk_',
    'sk_prod_x',
    'bos_session_',
    'x'.repeat(100),
  ]) {
    for (const environment of environments) expectRefused(await useToken(harness, junk, environment));
  }
});
