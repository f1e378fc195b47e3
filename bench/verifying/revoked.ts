import { systemClock } from '../../server/clock.ts';
import { newId } from '../../server/id.ts';
import { tokenRevoked } from '../../server/token/credential-error.ts';
import { createRevocationMemory } from '../../server/token/revocation-memory.ts';

/** The memory that every check asks, without the feed that fills it from the database. */
export function revokedBeside(count: number) {
  const memory = createRevocationMemory(systemClock);
  const now = systemClock.now();
  const owner = { merchantId: newId('mer', now), environment: 'test' } as const;
  for (let revoked = 0; revoked < count; revoked++) {
    memory.remember(owner, { kind: 'session', subject: newId('ses', now), revokedAtMs: now });
  }
  return {
    async check(claims: Parameters<typeof memory.revokes>[0]) {
      if (memory.revokes(claims)) throw tokenRevoked();
    },
  };
}
