import { describePayments } from '../support/payments-contract.ts';
import { openStripePayments } from '../support/stripe-payments.ts';

describePayments('Payments by Stripe', async () => {
  const opened = await openStripePayments();
  const { payments, owner, price, server, close } = opened;
  const customer = await opened.payingCustomer();
  return {
    payments,
    owner,
    customer,
    price,
    close,
    checkout: (key) => opened.newCheckout(customer, key),
    subscribe: (key) => opened.subscribe(customer, key),
    read: () => opened.readSubscription(customer.id),
    failNextPayment: async () => server.declineNext(),
  };
});
