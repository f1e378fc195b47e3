import { ImportError } from '../import/record.ts';

/** Where the library finds the API: api.stripe.com, or an https origin, or http on this machine. Throws an ImportError for anything else. */
export function hostOf(apiBase: string | undefined) {
  if (apiBase === undefined) return {};
  const url = URL.canParse(apiBase) ? new URL(apiBase) : undefined;
  const isLoopback = url?.hostname === 'localhost' || /^127(\.\d{1,3}){3}$/.test(url?.hostname ?? '');
  if (!url || url.pathname !== '/' || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback))) {
    throw new ImportError('The address of the Stripe API must be an https origin, or http for this machine.');
  }
  const protocol = url.protocol === 'http:' ? 'http' : 'https';
  return { host: url.hostname, port: url.port || (protocol === 'http' ? 80 : 443), protocol } as const;
}
