/** What a mistake may quote, and no answer may repeat. */
export const quoted = 'hunter2';

/** Everything that JavaScript lets somebody throw, or leave behind. */
export const hostileThrows: readonly (readonly [string, () => unknown])[] = [
  ['an error', () => fail(new Error(quoted))],
  ['a rejection', () => Promise.reject(new Error(quoted))],
  ['a text', () => fail(quoted)],
  ['nothing', () => fail(undefined)],
  ['null', () => fail(null)],
  ['a frozen error', () => fail(Object.freeze(new Error(quoted)))],
  ['an error that says how to answer', () => fail(Object.assign(new Error(quoted), { extensions: { code: quoted } }))],
];

function fail(thrown: unknown): never {
  throw thrown;
}
