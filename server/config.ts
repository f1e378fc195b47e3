import { isIP } from 'node:net';
import proxyAddress from 'proxy-addr';
import { z } from 'zod';
import type { Environment } from '../schema/environment.ts';
import type { Connection } from './database/connection.ts';
import { StartupError } from './startup-error.ts';

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Where browsers and servers reach this service: tokens name it, without a slash at the end. */
  readonly publicUrl: string;
  readonly issuers: Readonly<Record<Environment, string>>;
  readonly database: { kind: 'embedded' } | Extract<Connection, { kind: 'url' }>;
  /** Holds the embedded database, and the master key that was made for it. */
  readonly dataDirectory: string;
  /** `undefined`: the one in the data directory, made at the first start. */
  readonly masterKey: string | undefined;
  readonly allowedOrigins: readonly string[];
  /** Whose `X-Forwarded-For` is believed: addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[];
  readonly requestsPerMinute: RequestsPerMinute;
  /** Requests that are worked on at the same time, before more are refused; 0 refuses none. */
  readonly maxInFlight: number;
  readonly graphiql: 'on' | 'off';
  /** How long a signing key signs before the next one is made; 0 is for ever. */
  readonly keyRotationDays: number;
  /** Where Stripe's API is, when not at Stripe. */
  readonly stripeApiBase: string | undefined;
  readonly logLevel: (typeof logLevels)[number];
  /** Where Prometheus asks; `undefined`: nobody does. */
  readonly metricsAt: { readonly port: number; readonly host: string } | undefined;
}

/** 0 is no limit. */
export interface RequestsPerMinute {
  readonly ofSecretKey: number;
  readonly ofCustomer: number;
  /** Without a credential that is accepted. */
  readonly ofAddress: number;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** An empty variable is one that is not set: compose files and shells make no difference. */
const variable = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema);

const integer = <Fallback extends number | undefined>(min: number, max: number, fallback: Fallback) =>
  variable(
    z
      .string()
      .regex(/^\d+$/)
      .transform(Number)
      .refine((value) => value >= min && value <= max)
      .optional()
      .transform((value) => value ?? fallback),
  );

const list = (isItem: (item: string) => boolean) =>
  variable(
    z
      .string()
      .default('')
      .transform((text) => text.split(',').flatMap((item) => item.trim() || []))
      .refine((items) => items.every(isItem)),
  );

const requestsPerMinute = (fallback: number) => integer(0, 1_000_000_000, fallback);

/** Every variable by its name, and how it is read. */
export const variables = z.object({
  PORT: integer(0, 65_535, 4_000),
  HOST: variable(z.string().default('127.0.0.1')),
  PUBLIC_URL: variable(z.string().refine(isPublicUrl).optional()),
  DATABASE_URL: variable(z.string().refine(isPostgresUrl).optional()),
  BILLINGOS_DATA_DIR: variable(z.string().default('./data')),
  BILLINGOS_MASTER_KEY: variable(z.string().min(32).optional()),
  BILLINGOS_ALLOWED_ORIGINS: list(isOrigin),
  BILLINGOS_TRUSTED_PROXIES: list(isAddressRange),
  BILLINGOS_RATE_LIMIT: requestsPerMinute(6_000),
  BILLINGOS_RATE_LIMIT_CUSTOMER: requestsPerMinute(600),
  BILLINGOS_RATE_LIMIT_ADDRESS: requestsPerMinute(1_200),
  BILLINGOS_MAX_IN_FLIGHT: integer(0, 1_000_000, 1_000),
  BILLINGOS_KEY_ROTATION_DAYS: integer(0, 3_650, 90),
  BILLINGOS_GRAPHIQL: variable(z.enum(['on', 'off']).default('on')),
  STRIPE_API_BASE: variable(z.string().refine(isPublicUrl).optional()),
  LOG_LEVEL: variable(z.enum(logLevels).default('info')),
  BILLINGOS_METRICS_PORT: integer(0, 65_535, undefined),
  BILLINGOS_METRICS_HOST: variable(z.string().default('127.0.0.1')),
});

/** What each variable must be; said without its value, which may be a secret. */
const expectations: Readonly<Record<keyof typeof variables.shape, string>> = {
  PORT: 'must be a port number, 0 to 65535',
  HOST: 'must be a host name or an address',
  PUBLIC_URL: 'must be an https URL, or http for a loopback host, without query and fragment',
  DATABASE_URL: 'must be a postgres:// or postgresql:// URL',
  BILLINGOS_DATA_DIR: 'must be a path',
  BILLINGOS_MASTER_KEY: 'must have at least 32 characters (try: openssl rand -base64 32)',
  BILLINGOS_ALLOWED_ORIGINS: 'must be origins such as https://app.example.com, separated by commas',
  BILLINGOS_TRUSTED_PROXIES: 'must be addresses or CIDR ranges, separated by commas',
  BILLINGOS_RATE_LIMIT: 'must be a number of requests a minute, 0 for no limit',
  BILLINGOS_RATE_LIMIT_CUSTOMER: 'must be a number of requests a minute, 0 for no limit',
  BILLINGOS_RATE_LIMIT_ADDRESS: 'must be a number of requests a minute, 0 for no limit',
  BILLINGOS_MAX_IN_FLIGHT: 'must be a number of requests, 0 to refuse none',
  BILLINGOS_KEY_ROTATION_DAYS: 'must be a number of days up to 3650, 0 for never',
  BILLINGOS_GRAPHIQL: 'must be on or off',
  STRIPE_API_BASE: 'must be an https URL, or http for a loopback host',
  LOG_LEVEL: `must be one of ${logLevels.join(', ')}`,
  BILLINGOS_METRICS_PORT: 'must be a port number, 0 to 65535',
  BILLINGOS_METRICS_HOST: 'must be a host name or an address',
};

/** Reads every variable once. Throws one StartupError that names each problem by its variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const result = variables.safeParse(env);
  const names = result.error?.issues.map(({ path }) => path[0] as keyof typeof expectations) ?? [];
  const problems = [...new Set(names)].map((name) => `${name} ${expectations[name]}`);
  if (env['DATABASE_URL'] && !env['BILLINGOS_MASTER_KEY']) {
    problems.push('BILLINGOS_MASTER_KEY must be set with DATABASE_URL: every process on one database needs the same');
  }
  if (!result.success || problems.length > 0)
    throw new StartupError(`The configuration is wrong: ${problems.join('; ')}.`);
  return toConfig(result.data);
}

function toConfig(read: z.output<typeof variables>): Config {
  // As the URL standard writes it, so that the issuer of a token reads the same to everybody.
  const publicUrl = new URL(read.PUBLIC_URL ?? `http://localhost:${read.PORT}`).href.replace(/\/+$/, '');
  return {
    port: read.PORT,
    host: read.HOST,
    publicUrl,
    issuers: issuersOf(publicUrl),
    database: read.DATABASE_URL === undefined ? { kind: 'embedded' } : { kind: 'url', url: read.DATABASE_URL },
    dataDirectory: read.BILLINGOS_DATA_DIR,
    masterKey: read.BILLINGOS_MASTER_KEY,
    allowedOrigins: read.BILLINGOS_ALLOWED_ORIGINS,
    trustedProxies: read.BILLINGOS_TRUSTED_PROXIES,
    requestsPerMinute: {
      ofSecretKey: read.BILLINGOS_RATE_LIMIT,
      ofCustomer: read.BILLINGOS_RATE_LIMIT_CUSTOMER,
      ofAddress: read.BILLINGOS_RATE_LIMIT_ADDRESS,
    },
    maxInFlight: read.BILLINGOS_MAX_IN_FLIGHT,
    keyRotationDays: read.BILLINGOS_KEY_ROTATION_DAYS,
    graphiql: read.BILLINGOS_GRAPHIQL,
    stripeApiBase: read.STRIPE_API_BASE,
    logLevel: read.LOG_LEVEL,
    metricsAt:
      read.BILLINGOS_METRICS_PORT === undefined
        ? undefined
        : { port: read.BILLINGOS_METRICS_PORT, host: read.BILLINGOS_METRICS_HOST },
  };
}

export const issuersOf = (publicUrl: string): Readonly<Record<Environment, string>> => ({
  live: publicUrl,
  test: `${publicUrl}/sandbox`,
});

/** The origins under which a browser may show this service's own page: a loopback host has several names. */
export function ownOriginsOf(publicUrl: string): string[] {
  const { protocol, hostname, port, origin } = new URL(publicUrl);
  if (!isLoopback(hostname)) return [origin];
  return ['localhost', '127.0.0.1', '[::1]'].map((host) => new URL(`${protocol}//${host}:${port}`).origin);
}

const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

function isPublicUrl(text: string): boolean {
  const url = parseUrl(text);
  if (!url || url.search || url.hash || url.username || url.password) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function isPostgresUrl(text: string): boolean {
  return ['postgres:', 'postgresql:'].includes(parseUrl(text)?.protocol ?? '');
}

/** As browsers send it: exactly what the URL standard serialises, so that comparing letters is enough. */
function isOrigin(text: string): boolean {
  return parseUrl(text)?.origin === text && text.startsWith('http');
}

function isAddressRange(text: string): boolean {
  try {
    proxyAddress.compile(text);
    return isIP(text.replace(/\/.*$/, '')) !== 0;
  } catch {
    return false;
  }
}
