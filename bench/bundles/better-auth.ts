// What a page carries to know who is signed in.
export { createAuthClient } from 'better-auth/react';
