// What a page carries to know who is signed in. The rest is loaded at run time, from Clerk.
export { ClerkProvider, useAuth, useSession } from '@clerk/react';
