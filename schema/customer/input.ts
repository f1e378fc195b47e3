import { z } from 'zod';
import { builder } from '../builder.ts';
import type { ExternalIdentity } from '../context.ts';
import { externalId, printableText } from '../text.ts';

export const emailSchema = printableText({ min: 3, max: 320 }).refine((text) => /^[^@]+@[^@]+$/.test(text.trim()), {
  error: 'must be an e-mail address',
});

export const nameSchema = printableText({ min: 1, max: 255 });

/** Why something was put right by hand: kept with it. */
export const reasonSchema = printableText({ min: 1, max: 500 });

export const identitySchema = z.object({
  externalUserId: externalId.optional(),
  externalOrganizationId: externalId.optional(),
});

export const ExternalIdentityInput = builder.inputType('ExternalIdentityInput', {
  description: 'Whose a customer is, in the merchant’s own words: exactly one of these.',
  isOneOf: true,
  validate: identitySchema,
  fields: (t) => ({
    externalUserId: t.id({ description: 'The merchant’s own id of a user.' }),
    externalOrganizationId: t.id({ description: 'The merchant’s own id of an organization.' }),
  }),
});

/** GraphQL guarantees that exactly one member is there and that it is not null. */
export const identityOf = ({
  externalUserId,
  externalOrganizationId = '',
}: typeof ExternalIdentityInput.$inferInput): ExternalIdentity =>
  externalUserId === undefined ? { kind: 'organization', externalOrganizationId } : { kind: 'user', externalUserId };
