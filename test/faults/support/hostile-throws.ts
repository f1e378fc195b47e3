/** What a mistake may quote, and no answer may repeat. */
export const quoted = 'hunter2';

/** What JavaScript lets somebody throw. */
export const hostileThrows: readonly (() => unknown)[] = [
  () => new Error(quoted),
  () => quoted,
  () => undefined,
  () => null,
  () => Object.freeze(new Error(quoted)),
  () => Object.assign(new Error(quoted), { extensions: { code: quoted } }),
  () => Object.assign(new Error(quoted), { status: 200, code: 'ECONNRESET', errors: [new Error(quoted)] }),
];
