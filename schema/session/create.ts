import { z } from 'zod';
import { builder } from '../builder.ts';
import type { IssuedSession } from '../context.ts';
import { BindOutcome } from '../customer/binding.ts';
import { Customer, loadCustomer } from '../customer/customer.ts';
import { emailSchema } from '../customer/input.ts';
import { externalId } from '../text.ts';
import { Session, SessionOperation } from './session.ts';
import { metadataSchema } from '../metadata.ts';
import { sessionOperations } from '../operation.ts';

/** What `createSession` accepts, where GraphQL's own types say less. */
const createSessionSchema = z.strictObject({
  externalUserId: externalId,
  email: emailSchema.nullish(),
  emailVerified: z.boolean().nullish(),
  externalOrganizationId: externalId.nullish(),
  expiresIn: z
    .int({ error: 'must be a whole number of seconds' })
    .min(60, { error: 'must be at least 60 seconds' })
    .max(86_400, { error: 'must be at most 86400 seconds (24 hours)' })
    .nullish(),
  allowedOperations: z.array(z.enum(sessionOperations)).nullish(),
  metadata: metadataSchema.nullish(),
});

const CreateSessionInput = builder.inputType('CreateSessionInput', {
  description: 'Who the session is for, and what it may do. Every problem is reported at once.',
  validate: createSessionSchema,
  fields: (t) => ({
    externalUserId: t.id({
      required: true,
      description: 'The merchant’s own id of the user who is logged in: 1–255 characters of printable Unicode.',
    }),
    email: t.string({
      description:
        'The user’s address, 3–320 characters: binds the imported customer that has it at the user’s first session. Stored as given when the customer is new.',
    }),
    emailVerified: t.boolean({
      description:
        'Whether the address is known to be the user’s; `false` never binds. Left out, it counts, unless the merchant requires it to be said.',
    }),
    externalOrganizationId: t.id({
      description: 'The merchant’s own id of the organization for which the user acts: it is the customer then.',
    }),
    expiresIn: t.int({ defaultValue: 3600, description: 'Lifetime of the token in seconds: 60–86400.' }),
    allowedOperations: t.field({
      type: [SessionOperation],
      description:
        'What the session may do; everything when left out, nothing but `currentSession` and `endSession` when empty.',
    }),
    metadata: t.field({
      type: 'JSONObject',
      description:
        'Anything worth noting (IP address, user agent): at most 2 KiB, 16 levels, 50 keys. Never in the token.',
    }),
  }),
});

const CreateSessionPayload = builder.objectRef<IssuedSession>('CreateSessionPayload').implement({
  description: 'A new session and its token. The token is shown here only.',
  fields: (t) => ({
    sessionToken: t.exposeString('sessionToken', {
      description: '`bos_session_test_…` or `bos_session_live_…`: for the browser of this one customer.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the token stops counting.',
      resolve: ({ session }) => session.expiresAt,
    }),
    expiresIn: t.exposeInt('expiresInSeconds', {
      description: 'Seconds from now until then: right even where the clock of the reader is wrong.',
    }),
    session: t.expose('session', { type: Session, description: 'The session that the token stands for.' }),
    customer: t.field({
      type: Customer,
      description: 'The customer that the token shows, created when this was its first session.',
      resolve: ({ session }, _args, context) => loadCustomer(context, session.customerId),
    }),
    bindOutcome: t.expose('bindOutcome', {
      type: BindOutcome,
      description: 'Whether an imported customer was found for the user. It never keeps a session from being issued.',
    }),
    unresolvedCustomers: t.int({
      description: 'How many imported customers are nobody’s yet, up to 10,000; may be a second old.',
      resolve: (_session, _args, { caller, binding }) =>
        caller.kind === 'merchant' ? binding.unresolvedCount(caller) : 0,
    }),
  }),
});

builder.mutationField('createSession', (t) =>
  t.withAuth({ merchant: true }).field({
    description: 'Issue a short-lived token that lets one customer call this API from a browser. Callers: secret key.',
    type: CreateSessionPayload,
    args: { input: t.arg({ type: CreateSessionInput, required: true, description: 'Who, and for how long.' }) },
    resolve: (_root, { input }, { caller, sessions }) => sessions.create(caller, input),
  }),
);
