import type { GraphqlAnswer, Harness } from './harness.ts';

/** An input reaches the server as variables, or written into the document: GraphQL reads the two differently. */
export const ways = ['variables', 'literals'] as const;

export type Way = (typeof ways)[number];

const answered = '{ sessionToken session { id externalUserId metadata } customer { id externalUserId email } }';

/** `createSession` with any input at all, as the merchant of the harness or as whoever else is named. */
export const createSession = (
  { graphql, merchant }: Harness,
  way: Way,
  input: object,
  credential: string | null = merchant.secretKey,
): Promise<GraphqlAnswer> =>
  way === 'variables'
    ? graphql(credential, `mutation ($input: CreateSessionInput!) { createSession(input: $input) ${answered} }`, {
        input,
      })
    : graphql(credential, `mutation { createSession(input: ${toLiteral(input)}) ${answered} }`);

/** A value as GraphQL writes it. */
function toLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toLiteral).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, item]) => `${name}: ${toLiteral(item)}`)
    .join(' ')}}`;
}

/** Where the problems of an answer are: `input.expiresIn`. */
export const problemPaths = ({ errors }: GraphqlAnswer): string[] =>
  errors.flatMap(({ extensions }) =>
    (extensions['problems'] ?? []).map(({ path }: { path: readonly (string | number)[] }) => path.join('.')),
  );

/** How much there is in the database that a call of `createSession` could have written. */
export async function countWritten({ database }: Harness): Promise<unknown> {
  const { rows } = await database.db.execute(
    'select (select count(*) from sessions) as sessions, (select count(*) from customers) as customers',
  );
  return rows[0];
}
