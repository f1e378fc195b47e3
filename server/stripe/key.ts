import type { Environment } from '../../schema/environment.ts';
import { ImportError } from '../import/record.ts';

const shape = /^[sr]k_(test|live)_[A-Za-z0-9_]{8,240}$/;

/** The key, when it is one of Stripe's for this environment. The ImportError otherwise says what to do, without the key. */
export function checkKey(secretKey: string | undefined, environment: Environment): string {
  if (!secretKey) {
    throw new ImportError(
      `There is no Stripe key: set STRIPE_SECRET_KEY to one that begins with ${prefixes(environment)}, or run billingos stripe connect.`,
    );
  }

  const mode = shape.exec(secretKey)?.[1];
  if (mode === undefined) {
    throw new ImportError(`This is not a secret or restricted key of Stripe: it begins with ${prefixes(environment)}.`);
  }
  if (mode !== environment) {
    throw new ImportError(
      `This Stripe key is for ${mode}, and the import goes into ${environment}: give a key that begins with ` +
        `${prefixes(environment)}, or import into ${mode}.`,
    );
  }
  return secretKey;
}

const prefixes = (environment: Environment) => `sk_${environment}_ or rk_${environment}_`;

/** Stripe quotes keys, the middle left out: our messages show no part of one. */
export const withoutKeys = (text: string) => text.replaceAll(/'?\b[a-z]k_(test|live)_[^\s']*'?/g, '(not shown)');
