// A stylesheet is imported for what it does. TypeScript asks for its types all the same.
// oxlint-disable-next-line unicorn/require-module-specifiers -- it has none
export {};
