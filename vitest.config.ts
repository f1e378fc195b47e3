import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/support/closing-line.ts';

const resolve = createRequire(import.meta.url).resolve;

// But for the two that bring a page with them or load modules anew.
const sharing = ['test/{attacks,client,docs,schema,server}/!(browser-host|node-customers).test.ts'];

export default defineConfig({
  resolve: {
    // One copy of graphql for our modules and Yoga's: with two, `instanceof GraphQLError` fails and every error is masked.
    alias: { graphql: resolve('graphql') },
  },
  test: {
    projects: [
      // Service and client keep nothing in their modules, and take a second to load: files share them.
      { extends: true, test: { name: 'sharing', include: sharing, isolate: false } },
      { extends: true, test: { name: 'others', include: ['test/**/*.test.{ts,tsx}'], exclude: sharing } },
    ],
    maxWorkers: 2,
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new ClosingLine()],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 5_000 } },
  },
});
