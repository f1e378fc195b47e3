/** Where an object of Stripe's that we had made says in its metadata whose it is: our ids. A customer cannot write there. */
export const ownCustomerField = 'billingos_customer';
export const ownCheckoutField = 'billingos_checkout';
