// What every page carries: the provider, with the session core and the urql client behind it. Data hooks come on top.
export { BillingOSProvider, useBillingOS, useSession } from '../../client/react/index.ts';
