import { Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { BillingOS } from '../../client/node.ts';
import type { Environment } from '../../schema/environment.ts';
import type { MerchantId } from '../../schema/id.ts';
import { type App, createApp } from '../../server/app.ts';
import type { Clock } from '../../server/clock.ts';
import { issuersOf, type RequestsPerMinute } from '../../server/config.ts';
import type { SocketConnection } from '../../server/database/connection.ts';
import { openDatabase } from '../../server/database/database.ts';
import type { Prometheus } from '../../server/http/metrics.ts';
import { createLogger } from '../../server/log.ts';
import { deriveKeys } from '../../server/master-key.ts';
import { createRules, type Rules } from '../../server/rules.ts';
import { createDatabase } from './postgres.ts';

export const publicUrl = 'http://localhost:4000';
export const shopOrigin = 'http://shop.example';
export const masterKey = 'a master key of the tests, long enough';

interface HarnessOptions {
  /** Another process on the same database: hand over the first one's. */
  readonly connection?: SocketConnection;
  readonly clock?: TestClock;
  /** `database`, as in production: the clock may be wrong then, and moving it moves nothing. */
  readonly timeOf?: 'database' | 'clock';
  /** What is left out has no limit. */
  readonly requestsPerMinute?: Partial<RequestsPerMinute>;
  readonly processes?: 'one' | 'several';
  readonly maxInFlight?: number;
  readonly stripeApiBase?: string;
  readonly keyRotationDays?: number;
  /** What Prometheus would read: of this process, as `serve` has it. */
  readonly prometheus?: Prometheus;
}

export interface TestMerchant {
  readonly id: MerchantId;
  readonly environment: Environment;
  readonly secretKey: string;
  readonly keyId: string;
  /** The real SDK, whose requests go straight into the app. */
  readonly billingos: BillingOS;
}

/** JSON that a test looks into without proving its shape first: an expectation on it is that proof. */
// oxlint-disable-next-line typescript/no-explicit-any -- the one place in the project
type AnswerData = Record<string, any>;

export interface GraphqlAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly data: AnswerData | null | undefined;
  readonly code: string | undefined;
  readonly errors: readonly { message: string; extensions: AnswerData }[];
  readonly text: string;
}

interface CallOptions {
  readonly environment?: Environment;
  readonly headers?: Record<string, string>;
  readonly address?: string;
}

/** A clock that stands on the real one, and jumps when told to. */
export function createTestClock() {
  let aheadMs = 0;
  const clock: Clock = { now: () => Date.now() + aheadMs, monotonic: () => performance.now() + aheadMs };
  return { ...clock, advance: (ms: number) => void (aheadMs += ms) };
}

export type TestClock = ReturnType<typeof createTestClock>;

const noLimits: RequestsPerMinute = { ofSecretKey: 0, ofCustomer: 0, ofAddress: 0 };

/** The feed of revocations and signing keys, the last uses of sessions, shared limits, and retention. */
const besideRequests =
  /^select clock_timestamp|^select .*"recorded_at"|^select .*"signing_keys"|^update sessions set last_used_at|^insert into rate_limits|^delete /s;

/** The whole service in this process, on a real database of its own; ended with the test or the file that made it. */
export async function createHarness(options: HarnessOptions = {}) {
  const connection = options.connection ?? (await createDatabase());
  const clock = options.clock ?? createTestClock();
  const statements: string[] = [];
  const logLines: string[] = [];
  const destination = new Writable({ write: (line, _encoding, done) => (logLines.push(String(line)), done()) });
  const logger = createLogger({ level: 'trace', destination });
  const metrics = options.prometheus?.metrics;
  const database = await openDatabase({
    connection,
    applicationName: 'test',
    maxConnections: 10,
    onQuery: (statement) => statements.push(statement),
    onFailure: (failure) => metrics?.databaseFailed('requests', failure),
  });
  const feedDatabase = await openDatabase({
    connection,
    applicationName: 'test feed',
    maxConnections: 1,
    onQuery: (statement) => statements.push(statement),
    onFailure: (failure) => metrics?.databaseFailed('feed', failure),
  });
  const issuers = issuersOf(publicUrl);
  const rules = await createRules({
    database,
    feedDatabase,
    derivedKeys: deriveKeys(masterKey),
    issuers,
    clock,
    timeOf: options.timeOf ?? 'clock',
    returnOrigins: [shopOrigin],
    stripeApiBase: options.stripeApiBase,
    keyRotationDays: options.keyRotationDays ?? 90,
    logger,
    metrics,
  });
  const app = createApp({
    database,
    rules,
    issuers,
    logger,
    metrics,
    allowedOrigins: [shopOrigin],
    ownOrigins: [publicUrl],
    requestsPerMinute: { ...noLimits, ...options.requestsPerMinute },
    processes: options.processes ?? 'one',
    maxInFlight: options.maxInFlight ?? 0,
    graphiql: 'on',
    documentation: new Map([['/llms.txt', '# BillingOS']]),
  });
  options.prometheus?.watch({ revocations: rules.revocations, pools: { requests: database, feed: feedDatabase } });
  await app.start();

  const stop = async () => {
    await app.stop();
    await feedDatabase.close();
    await database.close();
  };
  const newMerchant = (name: string, environment: Environment = 'test') =>
    createMerchant(app, rules, name, environment);
  const merchant = await newMerchant('Merchant');
  const rival = await newMerchant('Rival');
  return {
    app,
    rules,
    database,
    clock,
    connection,
    statements,
    /** The statements that requests caused: those of the work beside them left out. */
    requestStatements: () => statements.filter((statement) => !besideRequests.test(statement)),
    logLines,
    issuers,
    merchant,
    rival,
    newMerchant,
    stop,
    /** One GraphQL request with any credential, or none. */
    graphql: (credential: string | null, query: string, variables?: object, call: CallOptions = {}) =>
      graphql(app, { credential, query, variables, ...call }),
  };
}

export type Harness = Awaited<ReturnType<typeof createHarness>>;

/** A harness that ends with the test. */
export async function createHarnessForTest(options: HarnessOptions = {}): Promise<Harness> {
  const harness = await createHarness(options);
  onTestFinished(harness.stop);
  return harness;
}

async function createMerchant(app: App, rules: Rules, name: string, environment: Environment): Promise<TestMerchant> {
  const { id } = await rules.merchants.create(name);
  const { secretKey, record } = await rules.secretKeys.create({ merchantId: id, environment }, 'Key');
  return { id, environment, secretKey, keyId: record.id, billingos: sdkFor(app, secretKey) };
}

/** The SDK as a merchant's server has it, with the app for a network. */
export const sdkFor = (app: App, secretKey: string): BillingOS =>
  new BillingOS({ secretKey, url: publicUrl, maxRetries: 0, fetch: (input, init) => send(app, input, init) });

/** `fetch`, with the headers that a network client adds. */
export async function send(
  app: App,
  input: RequestInfo | URL,
  init: RequestInit = {},
  address = '203.0.113.1',
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (typeof init.body === 'string' && !headers.has('content-length')) {
    headers.set('content-length', String(Buffer.byteLength(init.body)));
  }
  return app.fetch(new Request(input, { ...init, headers }), { address });
}

interface GraphqlRequest extends CallOptions {
  readonly credential: string | null;
  readonly query: string;
  readonly variables: object | undefined;
}

async function graphql(app: App, request: GraphqlRequest): Promise<GraphqlAnswer> {
  const { credential, query, variables, environment = 'test', headers = {}, address } = request;
  const response = await send(
    app,
    `${issuersOf(publicUrl)[environment]}/graphql`,
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(credential !== null && { authorization: `Bearer ${credential}` }),
        ...headers,
      },
      body: JSON.stringify({ query, variables }),
    },
    address,
  );
  return toAnswer(response);
}

export async function toAnswer(response: Response): Promise<GraphqlAnswer> {
  const text = await response.text();
  const body = text.startsWith('{') ? JSON.parse(text) : {};
  const errors = body.errors ?? [];
  return {
    status: response.status,
    headers: response.headers,
    data: body.data,
    errors,
    code: errors[0]?.extensions?.code,
    text,
  };
}
