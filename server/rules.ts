import type { Environment } from '../schema/environment.ts';
import { createCatalog } from './catalog/catalog.ts';
import type { Clock } from './clock.ts';
import { createBinding } from './customers/binding.ts';
import { createCustomers } from './customers/customers.ts';
import { createFirstSession } from './customers/first-session.ts';
import { createCustomerMemory } from './customers/memory.ts';
import { createUnresolved } from './customers/unresolved.ts';
import type { Database } from './database/database.ts';
import { createDatabaseClock } from './database/database-clock.ts';
import { createImports } from './import/imports.ts';
import { createImportJobs } from './import/jobs.ts';
import { createKeyRotation } from './key-rotation.ts';
import { createLastUsed } from './last-used.ts';
import type { Logger } from './log.ts';
import type { DerivedKeys } from './master-key.ts';
import { createMerchants } from './merchants.ts';
import { type Metrics, unmeasured } from './metrics.ts';
import { createBilling } from './payments/billing.ts';
import { createPaymentsFor } from './payments/payments-for.ts';
import { createDesk } from './payments/simulator/desk.ts';
import { createRenewals } from './payments/simulator/renewals.ts';
import { createSimulator } from './payments/simulator/simulator.ts';
import { createStripePayments } from './payments/stripe.ts';
import { createTestClocks } from './payments/test-clock.ts';
import { createRetention } from './retention.ts';
import { createSecretKeys } from './secret-keys.ts';
import { createSessions } from './sessions.ts';
import { createSharedCounts } from './rate-limit-rows.ts';
import { createStripeAccounts } from './stripe/account.ts';
import { createStripeSources } from './stripe/sources.ts';
import { createWebhooks } from './stripe/webhook.ts';
import { createEntitlements } from './subscriptions/entitlements.ts';
import { createSubscriptions } from './subscriptions/subscriptions.ts';
import { createUsage } from './subscriptions/usage.ts';
import { createAcceptToken } from './token/accept.ts';
import { createKeyRing } from './token/key-ring.ts';
import { createRevocations } from './token/revocations.ts';
import { createSigningKeys } from './token/signing-keys.ts';
import { createTokens } from './token/token.ts';

export interface RulesOptions {
  readonly database: Database;
  /** A connection that no request waits for: what reads revocations must not wait for requests. */
  readonly feedDatabase: Pick<Database, 'db'>;
  readonly derivedKeys: DerivedKeys;
  /** The URL of each environment: the `iss` of its tokens, which `/graphql` and `/.well-known/jwks.json` follow. */
  readonly issuers: Readonly<Record<Environment, string>>;
  readonly clock: Clock;
  /** Whose time moments are. `database` is what several processes agree on, however their clocks differ. */
  readonly timeOf: 'database' | 'clock';
  readonly logger: Logger;
  /** How long a signing key signs before the next one is made; 0 is for ever. */
  readonly keyRotationDays: number;
  /** Nothing is counted without. */
  readonly metrics?: Metrics | undefined;
  /** Where Stripe's API is, when not at Stripe. */
  readonly stripeApiBase?: string | undefined;
  /** Origins to which customers may be sent back from a checkout or a portal. */
  readonly returnOrigins: readonly string[];
}

/** Everything that the service knows how to do, without HTTP: what the server and the command line have in common. */
export async function createRules(options: RulesOptions) {
  const { database, derivedKeys, issuers, logger, metrics = unmeasured } = options;
  const { encryptionKey, pepper, stripeKey } = derivedKeys;
  const databaseClock = createDatabaseClock(options.feedDatabase, options.clock);
  const clock = options.timeOf === 'database' ? databaseClock : options.clock;
  await databaseClock.read();
  const keyRing = createKeyRing({ database, encryptionKey, clock });
  const signingKeys = createSigningKeys({ database, keyRing, encryptionKey, clock });
  await signingKeys.makeFirst();
  const tokens = createTokens({ keyRing, issuers, clock });
  const revocations = createRevocations({
    database,
    feedDatabase: options.feedDatabase,
    databaseClock,
    keyRing,
    clock,
    logger,
  });
  const acceptToken = createAcceptToken({ tokens, revocations, keyRing, metrics });
  const merchants = createMerchants({ database, clock });
  const secretKeys = createSecretKeys({ database, revocations, pepper, clock });
  const unresolved = createUnresolved({ database, clock, logger });
  const customers = createCustomers({ database, revocations, unresolved, clock });
  const binding = createBinding({ database, revocations, unresolved, clock });
  const imports = createImports({ database, unresolved, clock });
  const stripeAccounts = createStripeAccounts({ database, stripeKey, clock });
  const stripeSources = createStripeSources({ accounts: stripeAccounts, apiBase: options.stripeApiBase });
  const webhooks = createWebhooks({ database, accounts: stripeAccounts, unresolved, clock, logger });
  const importJobs = createImportJobs({ imports, sources: stripeSources, database, logger });
  const lastUsed = createLastUsed({ database, clock, logger });
  const retention = createRetention({ database, signingKeys, clock, logger });
  const testClocks = createTestClocks({ database, clock });
  const simulator = createSimulator({ database, testClocks, issuer: issuers.test, clock });
  const renewals = createRenewals({ database, clock, logger });
  const stripePayments = createStripePayments({
    database,
    accounts: stripeAccounts,
    clock,
    logger,
    apiBase: options.stripeApiBase,
  });
  const paymentsFor = createPaymentsFor({ accounts: stripeAccounts, stripe: stripePayments, simulator, clock });
  const entitlements = createEntitlements({ database, testClocks });
  const billing = createBilling({
    database,
    paymentsFor,
    testClocks,
    settle: renewals.settleFor,
    returnOrigins: options.returnOrigins,
    clock,
  });
  const sessions = createSessions({
    database,
    customers,
    customerMemory: createCustomerMemory(),
    firstSession: createFirstSession({ database, unresolved, clock, logger }),
    secretKeys,
    tokens,
    acceptToken,
    revocations,
    clock,
    metrics,
  });
  return {
    clock,
    keyRing,
    signingKeys,
    keyRotation: createKeyRotation({ signingKeys, rotationDays: options.keyRotationDays, logger }),
    tokens,
    revocations,
    acceptToken,
    merchants,
    secretKeys,
    customers,
    binding,
    unresolved,
    imports,
    importJobs,
    stripeAccounts,
    stripeSources,
    webhooks,
    lastUsed,
    retention,
    sharedCounts: createSharedCounts(database),
    sessions,
    catalog: createCatalog({ database }),
    subscriptions: createSubscriptions({ database, paymentsFor }),
    entitlements,
    usage: createUsage({ database, entitlements, clock }),
    billing,
    desk: createDesk({ database, testClocks, clock }),
    renewals,
  };
}

export type Rules = Awaited<ReturnType<typeof createRules>>;
