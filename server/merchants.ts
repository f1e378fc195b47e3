import { eq, sql } from 'drizzle-orm';
import { notFound } from '../schema/errors.ts';
import type { MerchantId } from '../schema/id.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database/database.ts';
import { merchants } from './database/tables.ts';
import { newId } from './id.ts';

export interface MerchantRecord {
  readonly id: MerchantId;
  readonly name: string;
  /** Whether an address binds only when the merchant's server says that it was verified. */
  readonly requiresVerifiedEmail: boolean;
  readonly createdAt: Date;
}

interface MerchantsOptions {
  readonly database: Pick<Database, 'db' | 'transaction'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** The companies of this installation: usually one, made at the first start. */
export function createMerchants({ database, clock }: MerchantsOptions) {
  const { db } = database;
  const newMerchant = (name: string): MerchantRecord => ({
    id: newId('mer', clock.now()),
    name,
    requiresVerifiedEmail: false,
    createdAt: new Date(clock.now()),
  });

  return {
    list: (): Promise<MerchantRecord[]> => db.select().from(merchants).orderBy(merchants.id),

    async create(name: string): Promise<MerchantRecord> {
      const merchant = newMerchant(name);
      await db.insert(merchants).values(merchant);
      return merchant;
    },

    async configure(id: MerchantId, settings: Pick<MerchantRecord, 'requiresVerifiedEmail'>): Promise<MerchantRecord> {
      const [merchant] = await db.update(merchants).set(settings).where(eq(merchants.id, id)).returning();
      if (!merchant) throw notFound('Merchant');
      return merchant;
    },

    /** Makes the first merchant; `undefined` when there is one, also when another process is making it now. */
    createFirst: (name: string): Promise<MerchantRecord | undefined> =>
      database.transaction(async (transaction) => {
        await transaction.execute(sql`select pg_advisory_xact_lock(hashtext('first_merchant'))`);
        const [known] = await transaction.select({ id: merchants.id }).from(merchants).limit(1);
        if (known) return undefined;

        const merchant = newMerchant(name);
        await transaction.insert(merchants).values(merchant);
        return merchant;
      }),
  };
}
