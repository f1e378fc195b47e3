import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly from: string;
  /** A path from the project's root, or the name of a package. */
  readonly to: string;
}

const sourcesIn = (room: string): string[] =>
  readdirSync(join(root, room), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path));

function importsOf(path: string): Import[] {
  const source = readFileSync(join(root, path), 'utf8');
  const specifiers = [...source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(
    ([, specifier = '']) => specifier,
  );
  return specifiers.map((specifier) => ({ from: path, to: resolve(path, specifier) }));
}

const resolve = (path: string, specifier: string) =>
  specifier.startsWith('.')
    ? relative(root, join(root, dirname(path), specifier))
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');

const rooms = ['schema', 'server', 'client', 'examples'];
const imports = rooms.flatMap(sourcesIn).flatMap(importsOf);
const inRoom = (room: string) => imports.filter(({ from }) => from.startsWith(`${room}/`));
const isOurs = ({ to }: Import) => rooms.some((room) => to.startsWith(`${room}/`));
const shown = (found: readonly Import[]) => found.map(({ from, to }) => `${from} → ${to}`);

test('the schema imports nothing of ours but itself, and does no I/O', () => {
  const foreign = inRoom('schema').filter((one) => isOurs(one) && !one.to.startsWith('schema/'));
  const io = inRoom('schema').filter(
    ({ from, to }) => (to.startsWith('node:') || builtinModules.includes(to)) && from !== 'schema/print.ts',
  );
  expect(shown([...foreign, ...io])).toEqual([]);
});

test('the server imports of ours only the schema and itself', () => {
  const foreign = inRoom('server').filter((one) => isOurs(one) && !/^(schema|server)\//.test(one.to));
  expect(shown(foreign)).toEqual([]);
});

test('the client imports of ours only itself and the error codes', () => {
  const foreign = inRoom('client').filter(
    (one) => isOurs(one) && !one.to.startsWith('client/') && one.to !== 'schema/error-codes.ts',
  );
  expect(shown(foreign)).toEqual([]);
});

test('the error codes import nothing, so that the client stays small', () => {
  expect(importsOf('schema/error-codes.ts')).toEqual([]);
});

test('examples import the package by name, like any merchant', () => {
  expect(shown(inRoom('examples').filter((one) => isOurs(one) && !one.to.startsWith('examples/')))).toEqual([]);
});

/** From the process down to the parts: nothing imports what stands above it. */
const layers = [
  /^server\/(cli\/|main\.ts|index\.ts)/,
  /^server\/((app|installation)\.ts|doctor\/)/,
  /^server\/(http\/|authenticate\.ts|rules\.ts)/,
  /^server\/([\w-]+\.ts|(catalog|customers|import|payments|stripe|subscriptions)\/)/,
  /^server\/token\//,
  /^server\/database\//,
];
/** Small words that every layer speaks: they import nothing of the server. */
const vocabulary = /^server\/(clock|id|log|metrics|startup-error|tracing|version)\.ts$/;

const layerOf = (path: string) => layers.findIndex((layer) => layer.test(path));

test('every file of the server stands in a layer', () => {
  const homeless = sourcesIn('server').filter((path) => layerOf(path) === -1 && !vocabulary.test(path));
  expect(homeless).toEqual([]);
});

test('the vocabulary imports nothing of the server but itself', () => {
  const foreign = inRoom('server').filter(
    ({ from, to }) => vocabulary.test(from) && to.startsWith('server/') && !vocabulary.test(to),
  );
  expect(shown(foreign)).toEqual([]);
});

test('inside the server, imports point downward', () => {
  const upward = inRoom('server').filter(
    ({ from, to }) => to.startsWith('server/') && !vocabulary.test(to) && layerOf(to) < layerOf(from),
  );
  expect(shown(upward)).toEqual([]);
});

test('the database knows no rule, and tokens know no table but revocations and signing keys', () => {
  const tablesOfTokens = inRoom('server').filter(
    ({ from, to }) => from.startsWith('server/token/') && to === 'server/database/tables.ts',
  );
  const names = tablesOfTokens.flatMap(({ from }) => tablesNamedIn(readFileSync(join(root, from), 'utf8')));
  expect([...new Set(names)].toSorted()).toEqual(['RevocationKind', 'revocations', 'signingKeys']);
});

const tablesNamedIn = (source: string) =>
  [...source.matchAll(/import (?:type )?\{([^}]*)\} from '[^']*database\/tables\.ts'/g)].flatMap(([, names = '']) =>
    names.split(',').flatMap((name) => name.replace('type ', '').trim() || []),
  );

/** A library is imported where it lives. Replacing it is replacing that file. */
const homes: Readonly<Record<string, RegExp>> = {
  jose: /^(server\/(token\/|database\/tables\.ts)|client\/verify)/,
  'drizzle-orm':
    /^server\/(database\/|token\/revocation|token\/(key-ring|signing-keys)|(catalog|customers|doctor|import|payments|stripe|subscriptions)\/|[\w-]+\.ts)/,
  pg: /^server\/database\//,
  'graphql-yoga': /^server\/http\//,
  '@escape.tech/graphql-armor': /^server\/http\/limits\.ts/,
  '@graphql-yoga/render-graphiql': /^server\/http\/graphiql\.ts/,
  '@pothos/core': /^schema\/(builder|validation-order)\.ts/,
  dataloader: /^schema\//,
  pino: /^server\/log\.ts/,
  '@opentelemetry/api': /^server\/tracing\.ts/,
  'prom-client': /^server\/http\/(metrics|readings)\.ts/,
  commander: /^server\/cli\//,
  'cli-progress': /^server\/cli\//,
  stripe: /^server\/(stripe|payments\/stripe)\//,
  'csv-parse': /^server\/import\//,
  'stream-json': /^server\/import\//,
  'typeid-js': /^server\/id\.ts/,
  'lru-cache':
    /^server\/(token\/token|http\/(origin|known-documents)|secret-keys|customers\/(memory|unresolved)|stripe\/webhook-secrets|payments\/payments-for|last-used)\.ts/,
  zod: /^(schema\/|server\/(stripe\/|(config|token\/token|http\/input-problems)\.ts))/,
  'proxy-addr': /^server\/(config|http\/listener)\.ts/,
  'ipaddr.js': /^server\/http\/network\.ts/,
  'rate-limiter-flexible': /^server\/http\/limiter\.ts/,
  '@urql/exchange-auth': /^client\/exchange\.ts/,
  wonka: /^client\/exchange\.ts/,
  '@urql/core': /^client\/(exchange|client|failure|react\/)/,
  react: /^(client\/react\/|examples\/)/,
};

test.each(Object.entries(homes))('%s is imported in its home alone', (library, home) => {
  const strays = imports.filter(({ from, to }) => to === library && !home.test(from) && !from.startsWith('examples/'));
  expect(shown(strays)).toEqual([]);
});

test('the service imports packages that are installed without development packages', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const isPackage = ({ to }: Import) => /^(@[\w-]+\/)?[\w-][\w.-]*$/.test(to) && to !== 'billingos';
  const packages = [...inRoom('schema'), ...inRoom('server')].filter(isPackage);
  expect(packages.length).toBeGreaterThan(0);
  expect(shown(packages.filter(({ to }) => !(to in dependencies)))).toEqual([]);
});

test('only the process reads the process', () => {
  const readers = sourcesIn('server').filter((path) =>
    /\bprocess\.(env|argv|exit|stdin|stdout|stderr|on)\b/.test(readFileSync(join(root, path), 'utf8')),
  );
  expect(readers.filter((path) => !/^server\/(main\.ts|cli\/)/.test(path))).toEqual([]);
});
