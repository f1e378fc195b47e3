import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import type { Context } from '../../schema/context.ts';
import { schema } from '../../schema/index.ts';
import { readTask } from '../floors/server.ts';
import { openOurs } from './ours.ts';
import type { PeerTask } from './task.ts';

const contextFor = await openOurs(readTask() as PeerTask);
const { url } = await startStandaloneServer(new ApolloServer<Context>({ schema }), {
  listen: { port: 0, host: '127.0.0.1' },
  context: async ({ req }) => contextFor(req.headers.authorization),
});
process.stdout.write(`ready on ${url}\n`);
