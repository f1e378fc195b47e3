import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { ApiError } from '../../schema/errors.ts';

const maxDocumentLength = 10_000;
/** Parsers recurse: deeper documents and bodies overflow the stack before any rule sees them. */
const maxBracketDepth = 64;

/** Reads GraphQL parameters from a request: JSON bodies, and query strings for queries. Echoes nothing of what was sent. */
export function useParams(): Plugin {
  return {
    onRequestParse({ request, setRequestParser }) {
      setRequestParser(request.method === 'GET' ? fromUrl : fromBody);
    },
    onParams({ params }) {
      const query: unknown = params.query;
      if (typeof query !== 'string') throw problem('Send a document as the string `query`.');
      if (query.length > maxDocumentLength)
        throw problem(`A document may have at most ${maxDocumentLength} characters.`);
      if (bracketDepthOf(query) > maxBracketDepth) throw problem('The document is nested too deeply.');
    },
  };
}

async function fromBody(request: Request): Promise<GraphQLParams> {
  const body = parseJson(await readText(request));
  if (typeof body !== 'object' || body === null) throw problem('The body must be a JSON object.');
  if (Array.isArray(body)) throw problem('Send one operation a request: batches are not supported.');
  return body;
}

/** Bytes that are no UTF-8 would become one and the same character: two ids of a merchant would be one. */
async function readText(request: Request): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await request.arrayBuffer());
  } catch {
    throw problem('The body is not UTF-8.');
  }
}

function fromUrl(request: Request): GraphQLParams {
  const parameters: Record<string, string | undefined> = Object.fromEntries(new URL(request.url).searchParams);
  const { query, operationName, variables, extensions } = parameters;
  return {
    ...(query !== undefined && { query }),
    ...(operationName !== undefined && { operationName }),
    ...(variables !== undefined && { variables: parseJson(variables) as Record<string, unknown> }),
    ...(extensions !== undefined && { extensions: parseJson(extensions) as Record<string, unknown> }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw problem('The request is not valid JSON.');
  }
}

/** Counts brackets wherever they stand: one in a string only makes the rule stricter. */
function bracketDepthOf(document: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of document) {
    if ('{[('.includes(character)) deepest = Math.max(deepest, ++depth);
    else if ('}])'.includes(character)) depth--;
  }
  return deepest;
}

const problem = (message: string) => new ApiError('INVALID_INPUT', message);
