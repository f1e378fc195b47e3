/** `Date` where the API writes RFC 3339 text. */
export type Dated<Wire, Name extends keyof Wire> = Omit<Wire, Name> & {
  [Key in Name]: Date | Extract<Wire[Key], null>;
};
