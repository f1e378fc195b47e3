import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin, { RequestCache } from '@pothos/plugin-scope-auth';
import ValidationPlugin from '@pothos/plugin-validation';
import { DateTimeResolver, JSONObjectResolver, SafeIntResolver } from 'graphql-scalars';
import type { Context, CustomerCaller, MerchantCaller } from './context.ts';
import { ApiError, notFound } from './errors.ts';
import { typenameOfId } from './id.ts';
import type { SessionOperation } from './operation.ts';
import { meets, refusalOf } from './refusal.ts';
import { validationOrder } from './validation-order.ts';

/** The one builder: every file of this room adds its noun to it. */
export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  AuthScopes: { merchant: boolean; customer: SessionOperation | 'ANY_OPERATION' };
  AuthContexts: {
    merchant: Context & { caller: MerchantCaller };
    customer: Context & { caller: CustomerCaller };
  };
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    SafeInt: { Input: number; Output: number };
    JSONObject: { Input: Record<string, unknown>; Output: Readonly<Record<string, unknown>> };
  };
}>({
  // Order matters: Pothos goes from the last to the first, and what validation adds must be there to be moved.
  plugins: [ScopeAuthPlugin, validationOrder, RelayPlugin, ValidationPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    authScopes: ({ caller }) => ({
      merchant: meets(caller, { merchant: true }),
      customer: (operation) => meets(caller, { customer: operation }),
    }),
    unauthorizedError: (_parent, context, info) => refusalOf(context.caller, info),
  },
  validation: {
    validationError: ({ issues }) =>
      new ApiError('INVALID_INPUT', 'The input is not valid.', {
        problems: issues.map(({ path, message }) => ({
          path: (path ?? []).map((step) => (typeof step === 'object' ? step.key : step)).map(toPathStep),
          message,
        })),
      }),
  },
  relay: {
    // Our ids say what they name, so that a global id is the id itself.
    encodeGlobalID: (_typename, id) => String(id),
    decodeGlobalID: (id) => {
      const typename = typenameOfId(id);
      if (typename === undefined) throw notFound('Node');
      return { typename, id };
    },
    nodesQueryOptions: false,
    nodeQueryOptions: {
      description:
        'Find anything of yours by its id. What is not yours is `NOT_FOUND`, exactly like what is not there. Callers: secret key; session, with READ_CUSTOMER.',
      authScopes: { $any: { merchant: true, customer: 'READ_CUSTOMER' } },
      args: { id: { description: 'The id of a customer or a session.' } },
    },
    nodeTypeOptions: { description: 'Anything with an id that is unique across all types.' },
    idFieldOptions: { description: 'Unique across all types; its prefix says what it names.' },
    edgesFieldOptions: {
      description: 'The items of this page, with their cursors.',
      nullable: { list: false, items: false },
    },
    nodeFieldOptions: { description: 'The item.', nullable: false },
    cursorFieldOptions: { description: 'Where the item stands: for `after`.' },
    pageInfoTypeOptions: { description: 'Where a page ends, and whether another one follows.' },
    pageInfoFieldOptions: { description: 'Where this page ends.' },
    hasNextPageFieldOptions: { description: 'Whether there is more after this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there is something before this page.' },
    startCursorFieldOptions: { description: 'The cursor of the first item; `null` on an empty page.' },
    endCursorFieldOptions: { description: 'The cursor of the last item, for `after`; `null` on an empty page.' },
  },
});

/** Forgets who may do what in a request that was answered: no quick collection carries it on. What still runs is judged anew. */
export const forgetScopes = (context: object): void => RequestCache.clearForContext(context);

const toPathStep = (step: PropertyKey) => (typeof step === 'number' ? step : String(step));

builder.addScalarType('DateTime', DateTimeResolver);
builder.addScalarType('JSONObject', JSONObjectResolver);
builder.addScalarType('SafeInt', SafeIntResolver);
builder.queryType({ description: 'What can be read. Every field says which callers it answers.' });
builder.mutationType({ description: 'What can be changed. Every field says which callers it answers.' });
