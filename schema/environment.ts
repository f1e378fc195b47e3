/** `test` is the sandbox, `live` is production. They share nothing: keys, customers, sessions and signing keys are apart. */
export const environments = ['test', 'live'] as const;

export type Environment = (typeof environments)[number];
