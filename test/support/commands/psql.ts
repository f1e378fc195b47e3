import { parseArgs } from 'node:util';
import { Client } from 'pg';

// `psql` for machines that have nothing but Node: one statement over a unix socket, its rows as JSON.
const { values } = parseArgs({
  options: {
    host: { type: 'string', short: 'h' },
    username: { type: 'string', short: 'U' },
    command: { type: 'string', short: 'c' },
  },
});
const { host = '', username = '', command = '' } = values;

const client = new Client({ host, user: username, database: username, port: 5432, ssl: false });
await client.connect();
const { rows } = await client.query<Record<string, unknown>>(command);
await client.end();
process.stdout.write(`${JSON.stringify(rows)}\n`);
