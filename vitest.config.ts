import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/support/closing-line.ts';

const resolve = createRequire(import.meta.url).resolve;

const service = ['test/{attacks,schema,server}/*.test.ts'];

export default defineConfig({
  resolve: {
    // One copy of graphql for our modules and Yoga's: with two, `instanceof GraphQLError` fails and every error is masked.
    alias: { graphql: resolve('graphql') },
  },
  test: {
    projects: [
      // The service keeps nothing in its modules, and takes a second to load: files share it.
      { extends: true, test: { name: 'service', include: service, isolate: false } },
      { extends: true, test: { name: 'others', include: ['test/**/*.test.{ts,tsx}'], exclude: service } },
    ],
    maxWorkers: 2,
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new ClosingLine()],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 5_000 } },
  },
});
