import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import type { Comparison, Series } from '../comparison.ts';
import { projectDirectory } from '../place.ts';

const measured = { title: 'size in the browser', unit: 'bytes', better: 'less' } as const;
const settings = 'built by Vite as part of an app, React left out, gzip -9';

/** What a browser downloads, without React. */
export async function compareBundle(): Promise<Comparison[]> {
  const urql = await bundled({
    name: 'urql and its auth exchange',
    does: `\`Client\`, \`Provider\`, \`useQuery\`, \`useMutation\`, \`cacheExchange\`, \`fetchExchange\` and \`authExchange\`; ${settings}.`,
    entry: 'bench/bundles/urql-alone.ts',
  });
  const page = await bundled({
    name: 'provider, session core and urql',
    does: `\`BillingOSProvider\`, \`useBillingOS\` and \`useSession\`, with urql’s core and auth exchange in it: what every page carries; ${settings}.`,
    entry: 'bench/bundles/page.ts',
  });
  const everything = await bundled({
    name: 'all of billingos/react',
    does: `Every export, data hooks too; ${settings}.`,
    entry: 'client/react/index.ts',
  });
  const clerk = await bundled({
    name: '@clerk/react',
    does: `\`ClerkProvider\`, \`useAuth\` and \`useSession\`; ${settings}. Its session core (\`clerk-js\`) is loaded beside it, from Clerk, and not counted.`,
    entry: 'bench/bundles/clerk.ts',
  });
  const autumn = await bundled({
    name: 'autumn-js/react',
    does: `\`AutumnProvider\` and \`useCustomer\`; ${settings}.`,
    entry: 'bench/bundles/autumn.ts',
  });
  const betterAuth = await bundled({
    name: 'better-auth/react',
    does: `\`createAuthClient\`; ${settings}.`,
    entry: 'bench/bundles/better-auth.ts',
  });
  return [
    { ...measured, series: [urql, page, everything] },
    {
      ...measured,
      series: [clerk, page],
    },
    { ...measured, series: [autumn, page] },
    { ...measured, series: [betterAuth, page] },
  ];
}

async function bundled({ entry, ...series }: Pick<Series, 'name' | 'does'> & { entry: string }): Promise<Series> {
  return { ...series, samples: [{ value: await gzipBytes(join(projectDirectory, entry)) }] };
}

async function gzipBytes(entry: string): Promise<number> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    mode: 'production',
    build: {
      write: false,
      modulePreload: false,
      // As an app's build, not a library's: that one leaves white space and development checks in.
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: 'strict',
        external: [/^react(-dom)?(\/|$)/],
      },
    },
  });
  const outputs = (Array.isArray(built) ? built : [built]) as Rolldown.RolldownOutput[];
  const chunks = outputs.flatMap(({ output }) => output).filter((part) => part.type === 'chunk');
  return gzipSync(chunks.map(({ code }) => code).join('\n'), { level: 9 }).byteLength;
}
