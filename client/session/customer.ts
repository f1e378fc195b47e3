import type { Session } from './session.ts';

/** Whose token is held; `undefined` without one. */
export const customerOf = (session: Pick<Session, 'newest'>) => session.newest()?.life.claims.customerId;
