// What every page carries: provider, session core and urql client. Data hooks come on top, those that are used.
export { BillingOSProvider, useBillingOS, useSession } from '../../../client/react/index.ts';
