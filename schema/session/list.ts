import { builder } from '../builder.ts';
import { connectionOf, pageRequestOf, pageSizeSchema } from '../page.ts';
import { Session } from './session.ts';

const SessionConnection = builder.connectionObject(
  { type: Session, name: 'SessionConnection', description: 'A page of sessions, newest first.' },
  { name: 'SessionEdge', description: 'A session, and where it stands in the list.' },
);

const SessionFilter = builder.inputType('SessionFilter', {
  description: 'All that is given must hold.',
  fields: (t) => ({
    customer: t.id({ description: 'Sessions of the customer with this id.' }),
    key: t.id({ description: 'Sessions that the secret key with this id created.' }),
    active: t.boolean({ description: '`true`: those whose token counts now; `false`: the others.' }),
  }),
});

builder.queryField('sessions', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'The sessions of this merchant and environment, newest first. Callers: secret key.',
    type: SessionConnection,
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many: 1–100.', validate: pageSizeSchema }),
      after: t.arg.string({ description: 'The cursor of the last session of the page before.' }),
      filter: t.arg({ type: SessionFilter, description: 'Which sessions; all when left out.' }),
    },
    resolve: async (_root, { filter, ...args }, { caller, sessions }) => {
      const wanted = { customerId: filter?.customer, keyId: filter?.key, active: filter?.active };
      return connectionOf(await sessions.list(caller, pageRequestOf(args), wanted), args, ({ id }) => id);
    },
  }),
);
