import type { GraphQLResolveInfo } from 'graphql';
import type { Caller } from './context.ts';
import { ApiError } from './errors.ts';
import { allows, type CallerRule, callerRuleOf } from './operation.ts';

/** The one place that compares a caller with a rule. */
export const meets = (caller: Caller, { merchant, customer }: CallerRule): boolean =>
  caller.kind === 'merchant'
    ? merchant === true
    : caller.kind === 'customer' &&
      customer !== undefined &&
      (customer === 'ANY_OPERATION' || allows(caller.operations, customer));

/** Where a field stands. */
type Place = Pick<GraphQLResolveInfo, 'parentType' | 'fieldName'>;

const ruleOf = ({ parentType, fieldName }: Place): CallerRule => {
  const field = parentType.getFields()[fieldName];
  return (field && callerRuleOf(field)) ?? {};
};

/** Whether this caller may have this field of `Query` or `Mutation`. */
export const mayCall = (caller: Caller, place: Place): boolean => meets(caller, ruleOf(place));

/** Why this caller may not have this field. */
export function refusalOf(caller: Caller, place: Place): ApiError {
  if (caller.kind === 'anonymous') return caller.refusal ?? credentialMissing();
  // RFC 6750, section 3.1: the credential is good, and not for this.
  return new ApiError('FORBIDDEN', `${place.fieldName} needs ${needOf(ruleOf(place), caller.kind)}.`, {
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  });
}

/** RFC 6750, section 3.1: no error code when no credential was sent. */
const credentialMissing = () =>
  new ApiError('UNAUTHENTICATED', 'Send a secret key or a session token as `Authorization: Bearer …`.', {
    headers: { 'www-authenticate': 'Bearer' },
  });

function needOf(rule: CallerRule, kind: 'merchant' | 'customer'): string {
  if (kind === 'merchant') return 'a session token: it answers about the customer of that token';
  if (rule.customer === undefined) return 'a secret key';
  return `the operation ${rule.customer}, which this session was not given`;
}
