import { fastify } from 'fastify';
import { mercurius } from 'mercurius';
import { forgetScopes } from '../../schema/builder.ts';
import { schema } from '../../schema/index.ts';
import { readTask } from '../floors/server.ts';
import { openOurs } from './ours.ts';
import type { PeerTask } from './task.ts';

const contextFor = await openOurs(readTask() as PeerTask);
const app = fastify();
await app.register(mercurius, {
  schema,
  path: '/graphql',
  context: (request) => contextFor(request.headers.authorization),
});
// What our own server does, too: it is the schema that keeps it.
app.graphql.addHook('onResolution', async (_execution, context) => forgetScopes(context));
process.stdout.write(`ready on ${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql\n`);
