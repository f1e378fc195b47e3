import { startEmbedded } from '../../server/database/embedded.ts';

// A process that owns an embedded database until it is killed: `embedded-process.ts <data directory>`.
const [dataDirectory = ''] = process.argv.slice(2);

// What a server does that drains before it stops.
process.on('SIGINT', () => undefined);

try {
  const { connection } = await startEmbedded({ dataDirectory, durability: 'durable' });
  process.stdout.write(`${JSON.stringify(connection)}\n`);
} catch (error) {
  process.stderr.write(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  process.exitCode = 1;
}
