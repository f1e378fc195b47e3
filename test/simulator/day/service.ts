import { Writable } from 'node:stream';
import { createSessionHandler } from '../../../client/handlers/web.ts';
import { BillingOS } from '../../../client/node.ts';
import type { KeyId, MerchantId } from '../../../schema/id.ts';
import { createApp, type App } from '../../../server/app.ts';
import { issuersOf } from '../../../server/config.ts';
import type { SocketConnection } from '../../../server/database/connection.ts';
import { openDatabase } from '../../../server/database/database.ts';
import { createLogger } from '../../../server/log.ts';
import { deriveKeys } from '../../../server/master-key.ts';
import { createRules, type Rules } from '../../../server/rules.ts';
import type { Server } from '../network.ts';

export const apiUrl = 'http://localhost:4000';
export const shopUrl = 'https://shop.example';

const environment = 'test';

/** The real service on a real database, whose clock is the world's. */
export interface Service {
  readonly server: Server;
  /** By its own clock. */
  nowMs(): number;
  /** Time goes on from one world to the next: this one begins when the last one ended. */
  follow(nowMs: () => number): void;
  /** The process ends. */
  stop(): Promise<void>;
  /** Another process takes over: nothing that was in memory is left. */
  start(): Promise<void>;
  /** The same with another key for signing; the old one is believed no more. */
  dropSigningKey(): Promise<void>;
  newMerchant(): Promise<Merchant>;
  close(): Promise<void>;
}

/** A shop whose server knows who is logged in by the cookie, and has the secret key. */
export interface Merchant {
  /** Its session endpoint. */
  readonly server: Server;
  lifetimeSeconds: number;
  revoke(by: Parameters<BillingOS['revokeSessions']>[0] | { session: string }): Promise<void>;
  revokeKey(): Promise<void>;
  /** The shop's server gets the next key at once; the old one ends after the overlap, with its sessions. */
  rollKey(overlapMs: number): Promise<void>;
}

export async function openService(connection: SocketConnection): Promise<Service> {
  const database = await openDatabase({ connection, applicationName: 'simulator', maxConnections: 4 });
  const feedDatabase = await openDatabase({ connection, applicationName: 'simulator feed', maxConnections: 1 });
  const logger = createLogger({
    level: 'fatal',
    destination: new Writable({ write: (_line, _encoding, done) => done() }),
  });
  const issuers = issuersOf(apiUrl);
  let startMs = Date.UTC(2026, 0, 1);
  let worldMs = () => 0;
  const nowMs = () => startMs + worldMs();
  const clock = { now: nowMs, monotonic: nowMs };

  async function open(): Promise<{ app: App; rules: Rules }> {
    const rules = await createRules({
      database,
      feedDatabase,
      derivedKeys: deriveKeys('a master key of the simulator, long enough'),
      issuers,
      clock,
      timeOf: 'clock',
      returnOrigins: [],
      keyRotationDays: 0,
      logger,
    });
    const app = createApp({
      database,
      rules,
      issuers,
      logger,
      allowedOrigins: [shopUrl],
      ownOrigins: [apiUrl],
      requestsPerMinute: { ofSecretKey: 0, ofCustomer: 0, ofAddress: 0 },
      processes: 'one',
      maxInFlight: 0,
      graphiql: 'off',
      documentation: new Map(),
    });
    await app.start();
    return { app, rules };
  }

  let running = await open();
  let isUp = true;

  const server: Server = (request) =>
    isUp ? running.app.fetch(request, { address: '203.0.113.1' }) : Promise.reject(new TypeError('fetch failed'));
  const sdkFor = (secretKey: string) =>
    new BillingOS({ secretKey, url: apiUrl, maxRetries: 0, fetch: (input, init) => send(server, input, init) });

  async function stop() {
    if (!isUp) return;
    isUp = false;
    await running.app.stop();
  }

  async function start() {
    if (isUp) return;
    running = await open();
    isUp = true;
  }

  async function newMerchant(): Promise<Merchant> {
    const { id } = await running.rules.merchants.create('Shop');
    const owner = { merchantId: id satisfies MerchantId, environment } as const;
    const created = await running.rules.secretKeys.create(owner, 'Key');
    let keyId: KeyId = created.record.id;
    let billingos = sdkFor(created.secretKey);
    const endpoint = createSessionHandler({
      billingos: { createSessionToken: (input, call) => billingos.createSessionToken(input, call) },
      authenticate(request) {
        const externalUserId = request.headers.get('cookie');
        return externalUserId === null ? null : { externalUserId, expiresIn: merchant.lifetimeSeconds };
      },
      onError: () => undefined,
    });
    const take = ({ secretKey, record }: { secretKey: string; record: { id: KeyId } }) => {
      keyId = record.id;
      billingos = sdkFor(secretKey);
    };
    const merchant: Merchant = {
      server: endpoint,
      lifetimeSeconds: 3600,
      async revoke(by) {
        if ('session' in by) await billingos.revokeSession(by.session);
        else await billingos.revokeSessions(by);
      },
      async revokeKey() {
        const ended = keyId;
        take(await running.rules.secretKeys.create(owner, 'Key'));
        await running.rules.secretKeys.revoke(owner, ended, { sessions: 'revoke' });
      },
      async rollKey(overlapMs) {
        take(await running.rules.secretKeys.roll(owner, keyId, { overlapMs, sessions: 'revoke' }));
      },
    };
    return merchant;
  }

  return {
    server,
    nowMs,
    stop,
    start,
    newMerchant,
    follow(next) {
      startMs = nowMs();
      worldMs = next;
    },
    async dropSigningKey() {
      const { signingKeys, keyRing } = running.rules;
      await signingKeys.drop(keyRing.signer(environment).kid);
      await start();
    },
    async close() {
      await running.app.stop();
      await feedDatabase.close();
      await database.close();
    },
  };
}

/** What a network client adds. */
async function send(server: Server, input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (typeof init.body === 'string') headers.set('content-length', `${Buffer.byteLength(init.body)}`);
  return server(new Request(input, { ...init, headers }));
}
