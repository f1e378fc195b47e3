import type { CreateSessionInput } from '../generated.ts';

/**
 * On `globalThis`, because once means once in a process: what is wrong is how the merchant's code creates sessions, which
 * all instances share, and bundlers of routes load a copy of this module for each.
 */
const isWarned = Symbol.for('billingos.unresolvedCustomersWarned');
const ofThisProcess = globalThis as { [isWarned]?: true };

/** Says once that imported customers wait for addresses which sessions do not give. Names nobody. */
export function warnOfUnresolved(unresolvedCustomers: number, { email }: Pick<CreateSessionInput, 'email'>): void {
  if (unresolvedCustomers === 0 || email != null || ofThisProcess[isWarned]) return;
  ofThisProcess[isWarned] = true;
  warn(
    `Imported customers that are nobody’s yet: ${unresolvedCustomers}. A session without \`email\` cannot find that of its user: ` +
      'pass `email` to createSessionToken (an organization needs bindCustomer). See docs/migrating-from-stripe.md.',
  );
}

function warn(message: string): void {
  const { process } = globalThis as { process?: { emitWarning?: (message: string, options: object) => void } };
  if (typeof process?.emitWarning === 'function') {
    process.emitWarning(message, { type: 'BillingOSWarning', code: 'BILLINGOS_UNRESOLVED_CUSTOMERS' });
  } else {
    // oxlint-disable-next-line no-console -- All that an edge runtime has.
    console.warn(`BILLINGOS_UNRESOLVED_CUSTOMERS: ${message}`);
  }
}
