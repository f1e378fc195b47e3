// What a page carries to know a customer's plan.
export { AutumnProvider, useCustomer } from 'autumn-js/react';
