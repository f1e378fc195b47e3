import { answerSessionRequest, checkOptions, type SessionHandlerOptions } from './session-answer.ts';

/**
 * The session endpoint for everything that speaks Fetch: Next.js, Hono, Remix, SvelteKit, Bun, Deno. Answers GET and POST
 * with `{ sessionToken, expiresAt, expiresIn }`, or with `{ code, message }` and 401 (nobody is logged in), 405, 500 or 503
 * with `Retry-After`.
 */
export function createSessionHandler<WebRequest extends Request = Request>(
  options: SessionHandlerOptions<WebRequest>,
): (request: WebRequest) => Promise<Response> {
  checkOptions(options);
  return async (request) => {
    const { status, headers, body } = await answerSessionRequest(options, request.method, request, request.signal);
    return Response.json(body, { status, headers });
  };
}
