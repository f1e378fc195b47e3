import { PaymentMethodsDocument, type PaymentMethodFragment, type PaymentMethodsQuery } from '../../generated.ts';
import { none, useAnswer, type Answer } from './answer.ts';

export type UsePaymentMethods = Answer<{ paymentMethods: readonly PaymentMethodFragment[] }>;

const valuesOf = ({ viewer: { paymentMethods } }: PaymentMethodsQuery) => ({ paymentMethods });

/** How the customer pays. Needs READ_INVOICES. */
export const usePaymentMethods = (): UsePaymentMethods =>
  useAnswer('paymentMethods', PaymentMethodsDocument, none, valuesOf);
