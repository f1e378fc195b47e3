/** Text of others may repeat what was sent: no key and no token may stay in an error's message. */
export const redact = (text: string): string =>
  text.replaceAll(
    /([sr]k|bos_session)_(test|live)_[\w.~+/=-]+/g,
    (_secret, kind, environment) => `${kind}_${environment}_…`,
  );
