import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { forgetScopes } from '../../schema/builder.ts';
import type { Context } from '../../schema/context.ts';
import { schema } from '../../schema/index.ts';
import { readTask } from '../floors/server.ts';
import { openOurs } from './ours.ts';
import type { PeerTask } from './task.ts';

const contextFor = await openOurs(readTask() as PeerTask);
// What our own server does, too: it is the schema that keeps it.
const forgetting: ApolloServerPlugin<Context> = {
  requestDidStart: async () => ({ willSendResponse: async ({ contextValue }) => forgetScopes(contextValue) }),
};
const { url } = await startStandaloneServer(new ApolloServer<Context>({ schema, plugins: [forgetting] }), {
  listen: { port: 0, host: '127.0.0.1' },
  context: async ({ req }) => contextFor(req.headers.authorization),
});
process.stdout.write(`ready on ${url}\n`);
