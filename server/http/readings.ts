import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../database/database.ts';
import type { PoolName } from '../metrics.ts';
import type { Revocations } from '../token/revocations.ts';

/** What can be asked for its state at any time. */
export interface Readings {
  readonly revocations: Pick<Revocations, 'rememberedCount' | 'ageMs'>;
  readonly pools: Readonly<Record<PoolName, Pick<Database, 'connections'>>>;
}

/** Gauges that are read when somebody asks. */
export function watchReadings(registry: Registry, { revocations, pools }: Readings): void {
  const everyPool = Object.entries(pools);

  registerGauge(registry, {
    name: 'revocations_in_memory',
    help: 'Sessions, keys, customers and merchants of which a revocation is in memory.',
    collect: (gauge) => gauge.set(revocations.rememberedCount()),
  });
  registerGauge(registry, {
    name: 'revocation_feed_age_seconds',
    help: 'Since the last read of the revocation feed that succeeded. Beyond 1, every check of a token asks the database.',
    collect: (gauge) => gauge.set(revocations.ageMs() / 1_000),
  });
  registerGauge(registry, {
    name: 'database_connections',
    help: 'Connections to the database: busy, idle, and how many there may be (most).',
    labelNames: ['pool', 'state'],
    collect(gauge) {
      for (const [pool, { connections }] of everyPool) {
        const { busy, idle, most } = connections();
        for (const [state, count] of Object.entries({ busy, idle, most })) gauge.set({ pool, state }, count);
      }
    },
  });
  registerGauge(registry, {
    name: 'database_waiting',
    help: 'Statements and transactions that wait for a connection.',
    labelNames: ['pool'],
    collect(gauge) {
      for (const [pool, { connections }] of everyPool) gauge.set({ pool }, connections().waiting);
    },
  });
}

interface GaugeOptions {
  /** What follows `billingos_`. */
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** Sets the gauge, when somebody asks. */
  readonly collect: (gauge: Gauge) => void;
}

export function registerGauge(registry: Registry, { name, help, labelNames = [], collect }: GaugeOptions): void {
  registry.registerMetric(
    new Gauge({
      name: `billingos_${name}`,
      help,
      labelNames,
      registers: [],
      collect() {
        collect(this);
      },
    }),
  );
}
