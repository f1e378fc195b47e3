import { existsSync } from 'node:fs';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { variables } from '../../server/config.ts';
import { toClientConfig } from '../../server/database/connection.ts';
import { createPrometheus } from '../../server/http/metrics.ts';
import { unmeasured } from '../../server/metrics.ts';
import { read, root, rowsUnder } from '../support/markdown.ts';
import { createDatabase } from '../support/postgres.ts';

const monitoring = 'docs/operating/monitoring.md';
const examples = 'examples/operating';

interface Described {
  readonly name: string;
  readonly labelNames: readonly string[];
}

/** Every metric of a server, with the labels that its series have. */
async function everyMetric(): Promise<Described[]> {
  const { metrics, registry, watch } = createPrometheus('0.0.0');
  watch({
    revocations: { rememberedCount: () => 0, ageMs: () => 0 },
    pools: {
      requests: { connections: () => ({ busy: 0, idle: 0, waiting: 0, most: 0 }) },
      feed: { connections: () => ({ busy: 0, idle: 0, waiting: 0, most: 0 }) },
    },
  });
  expect(Object.keys(metrics)).toEqual(Object.keys(unmeasured));
  return registry.getMetricsAsArray().map((metric) => {
    const { name, labelNames } = metric as unknown as Described;
    return { name, labelNames };
  });
}

/** The names of its series: a histogram has three. */
const seriesOf = (metrics: readonly Described[]) =>
  new Set(metrics.flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]));

const namesIn = (expression: string) =>
  [...expression.matchAll(/\b(?:billingos|nodejs|process)_\w+/g)].map(([name]) => name);

test('every metric is documented with its labels, and no other is', async () => {
  const ours = (await everyMetric()).filter(({ name }) => name.startsWith('billingos_'));
  const documented = rowsUnder(monitoring, 'Metrics').filter(([name = '']) => name.startsWith('billingos_'));
  expect(Object.fromEntries(documented.map(([name, labels = '']) => [name, labels]))).toEqual(
    Object.fromEntries(ours.map(({ name, labelNames }) => [name, labelNames.join(', ')])),
  );
});

test('the dashboard asks for metrics that exist, and for every one of ours', async () => {
  const metrics = await everyMetric();
  const dashboard = JSON.parse(read(`${examples}/grafana-dashboard.json`)) as {
    panels: { id: number; title: string; targets: { expr: string }[] }[];
  };
  const asked = dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr)));
  const series = seriesOf(metrics);
  expect(asked.filter((name) => !series.has(name))).toEqual([]);
  const stems = new Set(asked.map((name) => name.replace(/_(bucket|count|sum)$/, '')));
  const ours = metrics.map(({ name }) => name).filter((name) => name.startsWith('billingos_'));
  expect(ours.filter((name) => !stems.has(name))).toEqual([]);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
});

test('the alerts ask for metrics that exist, and each is explained', async () => {
  const series = seriesOf(await everyMetric());
  const { groups } = parse(read(`${examples}/prometheus-rules.yaml`)) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.flatMap(({ expr }) => namesIn(expr)).filter((name) => !series.has(name))).toEqual([]);
  const explained = rowsUnder(monitoring, 'Metrics').flatMap(([name = '']) =>
    name.startsWith('BillingOS') ? name : [],
  );
  expect(rules.map(({ alert }) => alert)).toEqual(explained);
});

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        environment?: Readonly<Record<string, string>>;
        ports?: readonly string[];
        volumes?: readonly string[];
        build?: { dockerfile: string };
        command?: readonly string[];
      }
    >
  >;
}
const compose = parse(read(`${examples}/compose.yaml`), { merge: true }) as Compose;

test('the compose file sets variables that exist, and files that it names are there', () => {
  const servers = Object.entries(compose.services).filter(([name]) => name.startsWith('server-'));
  expect(servers).toHaveLength(2);
  for (const [, { environment = {} }] of servers) {
    expect(Object.keys(environment).filter((name) => !(name in variables.shape))).toEqual([]);
  }
  const files = Object.values(compose.services).flatMap(({ build, volumes = [] }) => [
    ...(build ? [build.dockerfile] : []),
    ...volumes.flatMap((volume) => (volume.startsWith('./') ? `${examples}/${volume.slice(2).split(':')[0]}` : [])),
  ]);
  expect(files.length).toBeGreaterThan(1);
  expect(files.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
});

test('PostgreSQL in the compose file looks for tables to analyze as often as the embedded one', () => {
  const setting = /autovacuum_naptime=\w+/.exec(read('server/database/embedded/postmaster.ts'))?.[0];
  expect(setting).toBeDefined();
  expect(compose.services['postgres']?.command).toContain(setting);
});

test('the compose file publishes the load balancer alone, and no secret is written in it', () => {
  const published = Object.entries(compose.services).filter(([, { ports }]) => ports);
  expect(published.map(([name]) => name)).toEqual(['balancer']);
  const { environment = {} } = compose.services['server-1'] ?? {};
  expect(environment['BILLINGOS_MASTER_KEY']).toBe('${BILLINGOS_MASTER_KEY:?}');
  expect(compose.services['postgres']?.environment?.['POSTGRES_PASSWORD']).toBe('${POSTGRES_PASSWORD:?}');
});

const containerfile = read(`${examples}/Containerfile`);
const instructions = containerfile
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line));

test('the container file copies what exists and is not kept from it, and leaves root', () => {
  const copied = instructions
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(/ +/).slice(1, -1));
  expect(copied.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
  const [everything, ...allowed] = read('.dockerignore')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  expect(everything).toBe('*');
  expect(copied.filter((path) => !allowed.includes(`!${path.split('/schema.')[0]}`))).toEqual([]);
  expect(instructions.indexOf('USER node')).toBeGreaterThan(-1);
  expect(containerfile).not.toMatch(/BILLINGOS_MASTER_KEY|DATABASE_URL/);
});

test('every primary and unique key begins with the owner, but for those that are documented', async () => {
  const client = new Client(toClientConfig(await createDatabase()));
  await client.connect();
  const { rows } = await client.query<{ table: string; key: string }>(`
    select i.indrelid::regclass::text as table, i.indexrelid::regclass::text as key
    from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and (i.indisprimary or i.indisunique)
      and (select array_agg(a.attname::text order by k.at) from unnest(i.indkey) with ordinality k(attnum, at)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where k.at <= 2) is distinct from array['merchant_id', 'environment']
    order by 1`);
  await client.end();
  const documented = rowsUnder('docs/operating/scaling.md', 'Sharding').map(([table, key]) => ({ table, key }));
  expect(rows.toSorted((one, other) => (one.key < other.key ? -1 : 1))).toEqual(
    documented.toSorted((one, other) => ((one.key ?? '') < (other.key ?? '') ? -1 : 1)),
  );
});
