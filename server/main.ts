import { isIPv6 } from 'node:net';
import { type App, createApp } from './app.ts';
import { type Config, ownOriginsOf, readConfig } from './config.ts';
import { readDocumentation } from './documentation.ts';
import { listen } from './http/listener.ts';
import { createPrometheus, type Prometheus } from './http/metrics.ts';
import { type Installation, openInstallation } from './installation.ts';
import { createLogger } from './log.ts';
import { createLogLines } from './log-lines.ts';
import { warnOfLiveWithoutPayments } from './payments/live-warning.ts';
import { version } from './version.ts';

/** The process, as far as the server needs it. */
export interface ServerProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Logs, one JSON object a line. */
  readonly stderr: { write(text: string): unknown };
  /** What a person at the terminal should see. */
  readonly stdout: { write(text: string): unknown };
  /** Calls back at the first signal to stop. */
  onStopSignal(stop: () => void): void;
  /** Calls back when the process ends, however that comes about. */
  onExit(last: () => void): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** Who sends requests gets this long to notice that it should send them elsewhere. */
const drainMs = 5_000;
/** Requests under way then get this long to be answered. */
const graceMs = 10_000;

/** Runs the server until it is told to stop. Throws a StartupError when it cannot start. */
export async function serve({ env, stdout, stderr, onStopSignal, onExit, exit }: ServerProcess): Promise<void> {
  const config = readConfig(env);
  const lines = createLogLines(stderr);
  onExit(lines.flush);
  const logger = createLogger({ level: config.logLevel, destination: lines });
  const say = (line: string) => stdout.write(`${line}\n`);

  const onCrash = () => {
    logger.fatal('the embedded database ended unexpectedly');
    exit(1);
  };
  const prometheus = config.metricsAt && createPrometheus(version);
  const metrics = prometheus?.metrics;
  const installation = await openInstallation({ config, logger, mode: 'own', onCrash, metrics });
  try {
    await welcome(installation, say);
    const { database, rules } = installation;
    await warnOfLiveWithoutPayments(rules, logger);
    const app = createApp({
      ...config,
      database,
      rules,
      logger,
      metrics,
      processes: config.database.kind === 'embedded' ? 'one' : 'several',
      ownOrigins: ownOriginsOf(config.publicUrl),
      documentation: await readDocumentation(),
    });
    await run(app, async () => {
      const metricsListener = prometheus && (await listenForMetrics(prometheus, config, installation));
      try {
        const listener = await listen({ ...config, answer: app.answer });
        say(`  Live     ${config.issuers.live}/graphql`);
        say(`  Sandbox  ${config.issuers.test}/graphql   (open it in a browser: GraphiQL)`);
        if (metricsListener) say(`  Metrics  ${metricsListener.url}`);
        say(`BillingOS is ready on ${urlOf(config.host, listener.port)}`);

        await new Promise<void>((resolve) => onStopSignal(resolve));
        logger.info('stopping');
        app.announceStop();
        await listener.drain(drainMs);
        await listener.close(graceMs);
      } finally {
        await metricsListener?.close();
      }
    });
  } finally {
    await installation.close();
  }
}

/** Serves while the work beside requests goes on, which ends after the last of them. */
async function run(app: App, serveRequests: () => Promise<void>): Promise<void> {
  await app.start();
  try {
    await serveRequests();
  } finally {
    await app.stop();
  }
}

/** Where Prometheus asks: never where callers do, so that no proxy passes it on by oversight. */
async function listenForMetrics(
  prometheus: Prometheus,
  { metricsAt }: Config,
  { rules, database, feedDatabase }: Installation,
) {
  prometheus.watch({ revocations: rules.revocations, pools: { requests: database, feed: feedDatabase } });
  const { port, host } = metricsAt ?? { port: 0, host: '127.0.0.1' };
  const listener = await listen({
    answer: prometheus.answer,
    port,
    host,
    trustedProxies: [],
    portVariable: 'BILLINGOS_METRICS_PORT',
  });
  return { url: `${urlOf(host, listener.port)}/metrics`, close: () => listener.close(0) };
}

const urlOf = (host: string, port: number) => `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** At the very first start: a merchant, and a key to begin with, which is shown this once. */
async function welcome({ rules }: Installation, say: (line: string) => void): Promise<void> {
  const first = await rules.merchants.createFirst('My company');
  if (first) {
    const { secretKey } = await rules.secretKeys.create({ merchantId: first.id, environment: 'test' }, 'First key');
    say('Your secret key for the sandbox. Keep it on your server; it is not shown again:');
    say(`  ${secretKey}`);
  }
  for (const { id, name } of await rules.merchants.list()) say(`  Merchant ${id}   (${name})`);
}
