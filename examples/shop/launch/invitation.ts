const query = 'mutation { createSession(input: { externalUserId: "user_1" }) { sessionToken expiresAt } }';

/** What to do next, for whoever sits at the terminal. */
export const invitation = (shopUrl: string, publicUrl: string): string => `
The demo shop is open on ${shopUrl}

Or be the merchant's server yourself, with the secret key that the first start printed
(lost it? npm run --silent billingos -- keys create):
  export BILLINGOS_SECRET_KEY=sk_test_…
  curl ${publicUrl}/sandbox/graphql -H "Authorization: Bearer $BILLINGOS_SECRET_KEY" \\
    -H 'Content-Type: application/json' -d '${JSON.stringify({ query })}'

`;
