/** Enough of a token to tell it from the next one; nobody can use it, and nobody can copy it off the screen. */
export function mask(token: string): string {
  const prefix = /^(bos_session|sk)_(test|live)_/.exec(token)?.[0] ?? '';
  return `${prefix}…${token.slice(-4)}`;
}
