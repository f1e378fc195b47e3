import type { GraphiQLOptions } from 'graphql-yoga';
import type { Environment } from '../../schema/environment.ts';

/** In ASCII: headers hold nothing else, and GraphiQL sends them at once to ask for the schema. */
const authorization = (example: string) => JSON.stringify({ Authorization: `Bearer ${example}` }, null, 2);

const newUser = JSON.stringify({ input: { externalUserId: 'user_1', email: 'ada@example.com' } }, null, 2);

const createSession = `# 1. Your server creates a session for a user.
# Put your secret key under "Headers" below.
mutation CreateSession($input: CreateSessionInput!) {
  createSession(input: $input) {
    sessionToken
    expiresAt
    expiresIn
    session {
      id
    }
    customer {
      id
      externalUserId
    }
  }
}
`;

const readViewer = `# 2. The browser uses the sessionToken of step 1.
# Put it under "Headers" below.
# It shows this one customer and nobody else.
query Viewer {
  viewer {
    id
    externalUserId
    email
  }
  currentSession {
    id
    status
    expiresAt
    allowedOperations
  }
}
`;

const revokeSession = `# 3. Your server ends the session.
# Secret key under "Headers",
# the session's id under "Variables".
# Then run step 2 again.
mutation RevokeSession($id: ID!) {
  revokeSession(id: $id) {
    id
    status
    revokedAt
  }
}
`;

/** The page is a script of 9 MB, and takes three times that of memory: loaded when somebody first looks at it. */
async function renderGraphiQL(options: GraphiQLOptions): Promise<string> {
  const page = await import('@graphql-yoga/render-graphiql');
  return page.renderGraphiQL(options);
}

/** The explorer's options for Yoga: three tabs that tell the whole story. Everything it loads comes from this process. */
export const graphiqlFor = (environment: Environment) => ({
  renderGraphiQL,
  graphiql: {
    title: `BillingOS GraphiQL: ${environment}`,
    // A secret key that was typed in is gone when the page is.
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'headers' as const,
    // GraphiQL takes the first tab's query from the tabs, but not what belongs to it.
    headers: authorization(`sk_${environment}_...`),
    variables: newUser,
    defaultTabs: [
      { query: createSession, variables: newUser, headers: authorization(`sk_${environment}_...`) },
      { query: readViewer, headers: authorization(`bos_session_${environment}_...`) },
      {
        query: revokeSession,
        variables: JSON.stringify({ id: 'ses_…' }, null, 2),
        headers: authorization(`sk_${environment}_...`),
      },
    ],
  },
});

/** The page brings its scripts and styles in itself and talks to this origin alone; nobody may frame it. */
export const graphiqlSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob: data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');
