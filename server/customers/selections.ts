import { inArray, or } from 'drizzle-orm';
import type { CustomerRecord, CustomerSelection, Owner } from '../../schema/context.ts';
import { isCustomerId } from '../../schema/id.ts';
import type { Database } from '../database/database.ts';
import { customers } from '../database/tables.ts';
import { selectCustomers } from './customer-rows.ts';

/** All of these that are there, in one statement and in no order. */
export function readAllSelected(
  db: Database['db'],
  owner: Owner,
  selections: readonly CustomerSelection[],
): Promise<CustomerRecord[]> {
  const textsOf = (kind: CustomerSelection['kind']) => [
    ...new Set(selections.filter((selection) => selection.kind === kind).map(textOf)),
  ];
  const conditions = [
    { column: customers.id, texts: textsOf('id').filter(isCustomerId) },
    { column: customers.externalUserId, texts: textsOf('user') },
    { column: customers.externalOrganizationId, texts: textsOf('organization') },
    { column: customers.stripeCustomerId, texts: textsOf('stripe') },
  ].flatMap(({ column, texts }) => (texts.length > 0 ? [inArray(column, texts)] : []));
  return conditions.length > 0 ? selectCustomers(db, owner, or(...conditions)) : Promise.resolve([]);
}

/** What a selection is called among the names of customers. */
export const nameOf = (selection: CustomerSelection): string => `${selection.kind} ${textOf(selection)}`;

/** Under which names a customer can be selected. */
export const namesOf = (customer: CustomerRecord): string[] =>
  (
    [
      ['id', customer.id],
      ['user', customer.externalUserId],
      ['organization', customer.externalOrganizationId],
      ['stripe', customer.stripeCustomerId],
    ] as const
  ).flatMap(([kind, text]) => (text === null ? [] : [`${kind} ${text}`]));

function textOf(selection: CustomerSelection): string {
  switch (selection.kind) {
    case 'id':
      return selection.id;
    case 'user':
      return selection.externalUserId;
    case 'organization':
      return selection.externalOrganizationId;
    case 'stripe':
      return selection.stripeCustomerId;
  }
}
