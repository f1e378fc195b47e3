import { hkdfSync } from 'node:crypto';

/** The keys for what lies in the database, each derived for one purpose (HKDF-SHA-256, RFC 5869). */
export interface DerivedKeys {
  /** Encrypts private signing keys. */
  readonly encryptionKey: Uint8Array;
  /** Digests secret keys: a dump of the database alone cannot be tried against guesses. */
  readonly pepper: Uint8Array;
  /** Encrypts what a merchant's Stripe account is reached with. */
  readonly stripeKey: Uint8Array;
}

const derive = (masterKey: string, purpose: string) =>
  new Uint8Array(hkdfSync('sha256', masterKey, '', `billingos:${purpose}`, 32));

export const deriveKeys = (masterKey: string): DerivedKeys => ({
  encryptionKey: derive(masterKey, 'signing-keys'),
  pepper: derive(masterKey, 'secret-keys'),
  stripeKey: derive(masterKey, 'stripe-accounts'),
});
