import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';
import { ClosingLine } from './test/support/closing-line.ts';

const resolve = createRequire(import.meta.url).resolve;

export default defineConfig({
  resolve: {
    // One copy of graphql for our modules and Yoga's: with two, `instanceof GraphQLError` fails and every error is masked.
    alias: { graphql: resolve('graphql') },
  },
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new ClosingLine()],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 5_000 } },
  },
});
