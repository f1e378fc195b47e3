import { createRequire } from 'node:module';

// The package's own name resolves to it, from the source and from the build.
export const { version } = createRequire(import.meta.url)('billingos/package.json') as { version: string };
