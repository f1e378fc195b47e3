import type { GraphQLResolveInfo } from 'graphql';
import type { Caller } from './context.ts';
import { ApiError } from './errors.ts';
import { type CallerRule, callerRuleOf } from './operation.ts';

/** Why this caller may not have this field. */
export function refusalOf(caller: Caller, info: GraphQLResolveInfo): ApiError {
  if (caller.kind === 'anonymous') return caller.refusal ?? credentialMissing();

  const field = info.parentType.getFields()[info.fieldName];
  const rule: CallerRule = (field && callerRuleOf(field)) ?? {};
  return new ApiError('FORBIDDEN', `${info.fieldName} needs ${needOf(rule, caller.kind)}.`);
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
