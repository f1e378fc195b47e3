import { reasonOf, StartupError } from '../startup-error.ts';

/** What one check found. `warning`: it works, and probably not as it is meant to. Never a secret in it. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failure';
  readonly found: string;
}

type Found = Omit<Finding, 'check'>;

export const ok = (found: string): Found => ({ status: 'ok', found });
export const warning = (found: string): Found => ({ status: 'warning', found });
export const failure = (found: string): Found => ({ status: 'failure', found });

/** A check that cannot be made has failed: what it would have found, nobody knows. */
export async function check(name: string, look: () => Found | Promise<Found>): Promise<Finding> {
  try {
    return { check: name, ...(await look()) };
  } catch (error) {
    return { check: name, ...failure(shown(error)) };
  }
}

/** A failed statement quotes its values: only what PostgreSQL said of it is shown. */
function shown(error: unknown): string {
  if (error instanceof StartupError) return error.message;
  return reasonOf(error instanceof Error && error.cause ? error.cause : error);
}
