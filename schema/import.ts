import { builder } from './builder.ts';
import type {
  ImportCount as Count,
  ImportCounts as Counts,
  ImportProblem as Problem,
  ImportRecord,
} from './context.ts';

const ImportMode = builder.enumType('ImportMode', {
  description: 'Whether an import writes.',
  values: {
    DRY: { value: 'dry', description: 'Writes nothing, and counts what would be written.' },
    REAL: { value: 'real', description: 'Writes.' },
  } as const,
});

const ImportStatus = builder.enumType('ImportStatus', {
  description: 'Where an import stands.',
  values: {
    RUNNING: {
      value: 'running',
      description: 'On its way; without news in `updatedAt` for half a minute, interrupted.',
    },
    DONE: { value: 'done', description: 'At the end of its source.' },
    FAILED: {
      value: 'failed',
      description: 'It could not go on: `failure` says why. Starting again goes on from there.',
    },
  } as const,
});

const ImportCount = builder.objectRef<Count>('ImportCount').implement({
  description: 'How many rows of one kind, and what came of them.',
  fields: (t) => ({
    created: t.exposeInt('created', { description: 'Written for the first time.' }),
    changed: t.exposeInt('changed', { description: 'Written over, because something was different.' }),
    same: t.exposeInt('same', { description: 'Left alone.' }),
    unusable: t.exposeInt('unusable', { description: 'Passed over: see `problems`.' }),
  }),
});

const ImportCounts = builder.objectRef<Counts>('ImportCounts').implement({
  description: 'What an import has met so far, by kind.',
  fields: (t) => ({
    products: t.expose('product', { type: ImportCount, description: 'Products.' }),
    prices: t.expose('price', { type: ImportCount, description: 'Prices.' }),
    customers: t.expose('customer', { type: ImportCount, description: 'Customers.' }),
    subscriptions: t.expose('subscription', { type: ImportCount, description: 'Subscriptions.' }),
  }),
});

const ImportProblem = builder.objectRef<Problem>('ImportProblem').implement({
  description: 'A row that could not be used.',
  fields: (t) => ({
    where: t.exposeString('where', { description: 'Its id at Stripe, or its line in a file.' }),
    reason: t.exposeString('reason', { description: 'What is wrong with it.' }),
  }),
});

const Import = builder.objectRef<ImportRecord>('Import').implement({
  description: 'One run of an import.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'For `import`.' }),
    mode: t.expose('mode', { type: ImportMode, description: 'Whether it writes.' }),
    status: t.expose('status', { type: ImportStatus, description: 'Where it stands.' }),
    counts: t.expose('counts', { type: ImportCounts, description: 'What it has met so far.' }),
    problems: t.expose('problems', {
      type: [ImportProblem],
      description: 'The first 100 rows that could not be used.',
    }),
    failure: t.exposeString('failure', { nullable: true, description: 'Why it could not go on.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last wrote, or ended.' }),
  }),
});

builder.mutationField('startImport', (t) =>
  t.withAuth({ merchant: true }).field({
    description:
      'Begin an import from the connected Stripe account, or go on with the last one that was interrupted. CONFLICT while one is running, and while no account is connected. Callers: secret key.',
    type: Import,
    args: { mode: t.arg({ type: ImportMode, required: true, description: 'Whether it writes.' }) },
    resolve: (_root, { mode }, { caller, imports }) => imports.start(caller, mode),
  }),
);

builder.queryField('import', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'One import of this merchant and environment, with its progress. Callers: secret key.',
    type: Import,
    args: { id: t.arg.id({ required: true, description: 'The id of the import.' }) },
    resolve: (_root, { id }, { caller, imports }) => imports.find(caller, id),
  }),
);
