import type { Owner } from '../../../schema/context.ts';
import { isMerchantId, type MerchantId } from '../../../schema/id.ts';

/** What a page of the built-in payments shows, by the prefix of its id. */
export type PageKind = 'chk' | 'inv' | 'prt';

export interface PageAddress {
  readonly merchantId: MerchantId;
  readonly kind: PageKind;
  /** 74 bits of it nobody can guess: whoever has the address may see the page. */
  readonly id: string;
}

export const pagesPath = '/pay/';

export const pageUrl = (issuer: string, { merchantId }: Owner, id: string): string =>
  `${issuer}${pagesPath}${merchantId}.${id}`;

/** `undefined` when nothing can be there. */
export function pageAddressOf(segment: string): PageAddress | undefined {
  const [merchantId = '', id = '', ...more] = segment.split('.');
  const [, kind] = /^(chk|inv|prt)_[0-7][0-9a-hjkmnp-tv-z]{25}$/.exec(id) ?? [];
  if (!isMerchantId(merchantId) || kind === undefined || more.length > 0) return undefined;
  return { merchantId, kind: kind as PageKind, id };
}
