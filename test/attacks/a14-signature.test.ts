import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createForge, encode, expectAllRefused, type Forge, sign, useToken } from '../support/forge.ts';
import { createHarness, type Harness } from '../support/harness.ts';

let harness: Harness;
let forge: Forge;
beforeAll(async () => {
  harness = await createHarness();
  forge = await createForge(harness);
});
afterAll(() => harness.stop());

/** The order of the group of P-256. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const withSignature = (signature: Uint8Array) => {
  const [header, payload] = forge.genuine.segments;
  return `${forge.genuine.prefix}${header}.${payload}.${encode(signature)}`;
};
const signatureBytes = () => Buffer.from(forge.genuine.segments[2], 'base64url');
const toBytes = (number: bigint) => Buffer.from(number.toString(16).padStart(64, '0'), 'hex');

test('A14 a signature of which any one bit is changed is refused', async () => {
  const bytes = signatureBytes();
  expect(bytes.length).toBe(64);
  const flipped = Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return withSignature(copy);
  });
  await expectAllRefused(harness, flipped);
});

test('A14 a signature of zeros, of the group’s order, or of another length is refused', async () => {
  const bytes = signatureBytes();
  const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)];
  const zero = Buffer.alloc(32);
  const pairs = [
    [zero, zero],
    [zero, s],
    [r, zero],
    [toBytes(order), toBytes(order)],
    [toBytes(order), s],
    [r, toBytes(order)],
    [s, r],
    [toBytes(1n), toBytes(1n)],
    [Buffer.alloc(32, 255), Buffer.alloc(32, 255)],
    [r],
    [bytes, zero],
    [bytes, bytes],
    [zero, bytes],
  ];
  await expectAllRefused(
    harness,
    pairs.map((pair) => withSignature(Buffer.concat(pair))),
  );
});

/** An INTEGER of DER. */
const integer = (bytes: Buffer) => {
  const short = Buffer.from(bytes.toString('hex').replace(/^(00)+/, ''), 'hex');
  const positive = short.readUInt8(0) > 127 ? Buffer.concat([Buffer.alloc(1), short]) : short;
  return Buffer.concat([Buffer.from([2, positive.length]), positive]);
};

test('A14 a genuine signature in DER form is refused', async () => {
  const bytes = signatureBytes();
  const body = Buffer.concat([integer(bytes.subarray(0, 32)), integer(bytes.subarray(32))]);
  await expectAllRefused(harness, [withSignature(Buffer.concat([Buffer.from([0x30, body.length]), body]))]);
});

test('A14 the signature covers header and payload: of two genuine tokens none goes with the other’s', async () => {
  const other = await createForge(harness);
  const [header, payload, signature] = forge.genuine.segments;
  const [, otherPayload, otherSignature] = other.genuine.segments;
  const stranger = await generateKeyPair('ES256');
  await expectAllRefused(harness, [
    `${forge.genuine.prefix}${header}.${otherPayload}.${signature}`,
    `${forge.genuine.prefix}${header}.${payload}.${otherSignature}`,
    forge.genuine.prefix + (await sign(stranger.privateKey, forge.genuine.header, forge.genuine.payload)),
  ]);
});

test('A14 claims that were changed are refused, also right after the genuine token was accepted', async () => {
  const [header, , signature] = forge.genuine.segments;
  expect((await useToken(harness, forge.token)).status).toBe(200);
  const other = await createForge(harness);
  const { payload } = forge.genuine;
  const changed = [
    { sub: String(payload['sub']).replace('cus_0', 'cus_1') },
    { sid: other.genuine.payload['sid'] },
    { aud: harness.rival.id },
    { exp: Number(payload['exp']) + 1 },
    { scope: 'READ_CUSTOMER' },
    { more: 1 },
  ];
  await expectAllRefused(
    harness,
    changed.map((claims) => {
      const encoded = encode(JSON.stringify({ ...payload, ...claims }));
      return `${forge.genuine.prefix}${header}.${encoded}.${signature}`;
    }),
  );
});

test('A14 the mirrored signature (r, n − s), which mathematics allows, is the same session: one revocation ends both', async () => {
  const { merchant } = harness;
  const { sessionToken, session } = await merchant.billingos.createSessionToken({ externalUserId: 'mirror' });
  const jws = sessionToken.slice(forge.genuine.prefix.length).split('.');
  const bytes = Buffer.from(jws[2] ?? '', 'base64url');
  const mirrored = toBytes(order - BigInt(`0x${bytes.subarray(32).toString('hex')}`));
  const signature = encode(Buffer.concat([bytes.subarray(0, 32), mirrored]));
  const other = `${forge.genuine.prefix}${jws[0]}.${jws[1]}.${signature}`;
  expect((await useToken(harness, sessionToken)).data).toEqual({ currentSession: { id: session.id } });

  await merchant.billingos.revokeSession(session.id);
  expect((await useToken(harness, sessionToken)).status).toBe(401);
  expect((await useToken(harness, other)).status).toBe(401);
});
