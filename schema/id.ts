/** Ids are TypeIDs: a prefix that says what it names, and a UUIDv7 in 26 characters of base32 that sorts by creation. */
export type MerchantId = `mer_${string}`;
export type KeyId = `key_${string}`;
export type CustomerId = `cus_${string}`;
export type SessionId = `ses_${string}`;
export type ImportId = `imp_${string}`;

const suffixPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

const isIdOf =
  <Prefix extends string>(prefix: Prefix) =>
  (text: string): text is `${Prefix}_${string}` =>
    text.startsWith(`${prefix}_`) && suffixPattern.test(text.slice(prefix.length + 1));

export const isMerchantId = isIdOf('mer');
export const isKeyId = isIdOf('key');
export const isCustomerId = isIdOf('cus');
export const isSessionId = isIdOf('ses');
export const isImportId = isIdOf('imp');
export const isInvoiceId = isIdOf('inv');

/** The GraphQL type that an id names, as far as `node` can find it. */
export const typenameOfId = (id: string): 'Customer' | 'Session' | undefined =>
  isCustomerId(id) ? 'Customer' : isSessionId(id) ? 'Session' : undefined;
