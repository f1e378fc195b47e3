import { randomBytes } from 'node:crypto';
import { exportSPKI } from 'jose';
import { systemClock } from '../../server/clock.ts';
import { newId } from '../../server/id.ts';
import { generateKey, openKey } from '../../server/token/signing-key.ts';
import { createTokens } from '../../server/token/token.ts';

const tokensPerRound = 1_000;

export const issuers = { live: 'http://localhost:4000', test: 'http://localhost:4000/sandbox' };

/** Our tokens under a key of this process. */
export async function createSigner() {
  const encryptionKey = randomBytes(32);
  const key = await openKey(await generateKey('test', encryptionKey), encryptionKey);
  const { publicKey } = key;
  const keyRing = { signer: () => key, published: () => [key], isFresh: () => true, refresh: async () => undefined };
  const tokens = createTokens({ keyRing, issuers, clock: systemClock });
  const signMany = () =>
    Promise.all(Array.from({ length: tokensPerRound }, () => tokens.sign(claimsAt(systemClock.now()))));
  return { tokens, keyRing, publicKey, publicPem: await exportSPKI(publicKey), signMany };
}

function claimsAt(now: number) {
  const issuedAtSeconds = Math.floor(now / 1_000);
  return {
    merchantId: newId('mer', now),
    environment: 'test' as const,
    customerId: newId('cus', now),
    sessionId: newId('ses', now),
    keyId: newId('key', now),
    operations: 'all' as const,
    issuedAtSeconds,
    expiresAtSeconds: issuedAtSeconds + 3_600,
  };
}
