import { LRUCache } from 'lru-cache';
import type { ExternalIdentity, Owner } from '../../schema/context.ts';
import type { CustomerId } from '../../schema/id.ts';

/** A customer that is there already, as a session needs to know it. */
export interface KnownCustomer {
  readonly id: CustomerId;
  /** Whether the biller knows it, too. Another one that the biller knows cannot become its user's then. */
  readonly isImported: boolean;
}

/** About 200 bytes each. */
const maxRemembered = 50_000;

/** Whose customer is which, as far as this process has seen. May be wrong: whoever relies on it asks the database in the same breath. */
export function createCustomerMemory() {
  const known = new LRUCache<string, KnownCustomer>({ max: maxRemembered });

  return {
    recall: (owner: Owner, identity: ExternalIdentity) => known.get(keyOf(owner, identity)),
    remember: (owner: Owner, identity: ExternalIdentity, customer: KnownCustomer) =>
      void known.set(keyOf(owner, identity), customer),
    forget: (owner: Owner, identity: ExternalIdentity) => void known.delete(keyOf(owner, identity)),
  };
}

export type CustomerMemory = ReturnType<typeof createCustomerMemory>;

const keyOf = ({ merchantId, environment }: Owner, identity: ExternalIdentity) =>
  JSON.stringify([
    merchantId,
    environment,
    identity.kind,
    identity.kind === 'user' ? identity.externalUserId : identity.externalOrganizationId,
  ]);
