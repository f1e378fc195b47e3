import './customer/customer.ts';
import './customer/read.ts';
import './customer/change.ts';
import './customer/unresolved.ts';
import './customer/binding.ts';
import './catalog/product.ts';
import './catalog/catalog.ts';
import './subscription/subscription.ts';
import './subscription/change.ts';
import './subscription/entitlement.ts';
import './usage.ts';
import './payment/invoice.ts';
import './payment/checkout.ts';
import './import.ts';
import './session/session.ts';
import './session/create.ts';
import './session/introspect.ts';
import './session/list.ts';
import './session/revoke.ts';
import { builder } from './builder.ts';
import { assertEveryRootFieldDeclaresItsCaller } from './operation.ts';

export const schema = builder.toSchema();

assertEveryRootFieldDeclaresItsCaller(schema);
