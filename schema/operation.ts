import { type GraphQLField, type GraphQLSchema, isObjectType } from 'graphql';

/** What a session may be allowed to do; `allowedOperations` of `createSession` chooses among them. */
export const sessionOperations = [
  'READ_CUSTOMER',
  'READ_PRODUCTS',
  'READ_SUBSCRIPTION',
  'MANAGE_SUBSCRIPTION',
  'READ_ENTITLEMENTS',
  'READ_USAGE',
  'TRACK_USAGE',
  'READ_INVOICES',
  'CREATE_CHECKOUT',
  'OPEN_PORTAL',
] as const;

export type SessionOperation = (typeof sessionOperations)[number];

/** `all` also means operations that are added later; a list means exactly these. */
export type OperationSet = 'all' | readonly SessionOperation[];

export const allows = (granted: OperationSet, operation: SessionOperation): boolean =>
  granted === 'all' || granted.includes(operation);

/** Who may call a field. `customer` names the operation that a session needs, or `ANY_OPERATION`. */
export interface CallerRule {
  readonly merchant?: true;
  readonly customer?: SessionOperation | 'ANY_OPERATION';
}

/** The rule that a field declares, as the scope-auth plugin keeps it; `undefined` when it declares none. */
export function callerRuleOf(field: GraphQLField<unknown, unknown>): CallerRule | undefined {
  const options = field.extensions['pothosOptions'] as { authScopes?: { $any?: CallerRule } & CallerRule } | undefined;
  return options?.authScopes?.$any ?? options?.authScopes;
}

/** Throws when a field of `Query` or `Mutation` does not say who may call it. */
export function assertEveryRootFieldDeclaresItsCaller(schema: GraphQLSchema): void {
  const roots = [schema.getQueryType(), schema.getMutationType()].filter((type) => isObjectType(type));
  const silent = roots.flatMap((root) =>
    Object.values(root.getFields())
      .filter((field) => !declaresCaller(callerRuleOf(field)))
      .map((field) => `${root.name}.${field.name}`),
  );
  if (silent.length > 0) throw new TypeError(`These fields do not declare who may call them: ${silent.join(', ')}`);
}

const declaresCaller = (rule: CallerRule | undefined) => rule?.merchant === true || rule?.customer !== undefined;
