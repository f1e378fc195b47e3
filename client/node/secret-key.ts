import { BillingOSError } from '../errors.ts';
import type { Environment } from './environment.ts';

const secretKeyPattern = /^sk_(test|live)_[0-9A-Za-z]{36}$/;

/** The environment that a secret key belongs to. Throws a TypeError, which never shows the key, when it is not one. */
export function environmentOf(secretKey: unknown): Environment {
  const environment = typeof secretKey === 'string' ? secretKeyPattern.exec(secretKey)?.[1] : undefined;
  if (environment === 'test' || environment === 'live') return environment;
  throw new TypeError(problemOf(secretKey));
}

/** A secret key that reached a browser is public. A browser is where both of its globals are. */
export function refuseBrowser(): void {
  if (!('window' in globalThis) || !('document' in globalThis)) return;
  throw new BillingOSError(
    'SECRET_KEY_IN_BROWSER',
    'A secret key must never reach a browser. Create session tokens on your server, and replace this key if it was shipped.',
  );
}

function problemOf(secretKey: unknown): string {
  if (secretKey === undefined || secretKey === null || secretKey === '') {
    return 'secretKey is missing: pass your sk_test_… or sk_live_… key. Is the environment variable set?';
  }
  if (typeof secretKey !== 'string') return 'secretKey must be a string.';
  if (secretKey.startsWith('bos_session_')) {
    return 'secretKey is a session token: those are for browsers. Pass your sk_test_… or sk_live_… key.';
  }
  if (secretKey.trim() !== secretKey) return 'secretKey has white space around it.';
  return 'secretKey is malformed: it must be sk_test_… or sk_live_…, complete and unchanged.';
}
