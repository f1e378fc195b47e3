import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import { environments } from '../../schema/environment.ts';
import type { Metrics } from '../metrics.ts';
import { type Answer, type Handler, pathOf } from './message.ts';
import { type Readings, registerGauge, watchReadings } from './readings.ts';

export interface Prometheus {
  readonly metrics: Metrics;
  readonly registry: Pick<Registry, 'getMetricsAsArray'>;
  /** What is read when somebody asks, rather than counted. */
  watch(readings: Readings): void;
  /** `GET /metrics`, for a listener of its own: what the service does all day is nobody's business outside. */
  readonly answer: Handler;
}

/** Seconds: from what is answered out of memory to the deadline of a request. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Prometheus' text format, from a registry of its own: two of these in a process know nothing of each other. */
export function createPrometheus(version: string): Prometheus {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  registerGauge(registry, {
    name: 'build_info',
    help: 'Always 1.',
    labelNames: ['version', 'node'],
    collect: (gauge) => gauge.set({ version, node: process.version }, 1),
  });

  return {
    metrics: createInstruments(registry),
    registry,
    watch: (readings) => watchReadings(registry, readings),
    async answer({ method, url }) {
      if (pathOf(url) !== '/metrics') return plain(404, 'Metrics are at /metrics.\n');
      if (method !== 'GET') return plain(405, 'Use GET.\n', { allow: 'GET' });
      return plain(200, await registry.metrics(), { 'content-type': registry.contentType });
    },
  };
}

const plain = (status: number, body: string, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers: {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  },
  body,
});

function createInstruments(registry: Registry): Metrics {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name: `billingos_${name}_total`, help, labelNames, registers });

  const duration = new Histogram({
    name: 'billingos_request_duration_seconds',
    help: 'Requests, by what they asked for and what came of it.',
    labelNames: ['environment', 'route', 'field', 'status', 'code'],
    buckets: durationBuckets,
    registers,
  });
  const sessions = counter('sessions_created', 'Sessions that were created.', ['environment']);
  const tokens = counter('tokens_verified', 'Session tokens whose signature holds.', ['environment', 'sight']);
  const refusals = counter('credentials_refused', 'Credentials that were refused.', [
    'environment',
    'credential',
    'code',
  ]);
  const rateLimited = counter('rate_limited', 'Requests beyond a rate limit.', ['limit']);
  const overloaded = counter('overload_refused', 'Requests that were turned away unread.', ['reason']);
  const failures = counter('database_failures', 'Statements that failed.', ['pool', 'failure']);
  let inFlight = 0;
  registerGauge(registry, {
    name: 'requests_in_flight',
    help: 'Requests that are being answered.',
    collect: (gauge) => gauge.set(inFlight),
  });

  // Said before they happen: the first of its kind is an increase then, and not a beginning.
  for (const environment of environments) {
    sessions.inc({ environment }, 0);
    for (const sight of ['first', 'remembered']) tokens.inc({ environment, sight }, 0);
  }
  for (const pool of ['requests', 'feed']) {
    for (const failure of ['outage', 'refused']) failures.inc({ pool, failure }, 0);
  }

  return {
    requestBegan: () => void (inFlight += 1),
    requestEnded({ environment, route, field, status, code, durationMs }) {
      inFlight -= 1;
      duration.observe({ environment, route, field, status, code }, durationMs / 1_000);
    },
    sessionCreated: (environment) => sessions.inc({ environment }),
    tokenVerified: (environment, sight) => tokens.inc({ environment, sight }),
    credentialRefused: (environment, credential, code) => refusals.inc({ environment, credential, code }),
    rateLimited: (limit) => rateLimited.inc({ limit }),
    overloaded: (reason) => overloaded.inc({ reason }),
    databaseFailed: (pool, failure) => failures.inc({ pool, failure }),
  };
}
