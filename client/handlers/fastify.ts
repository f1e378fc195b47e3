import { answerSessionRequest, type SessionAnswer, type SessionHandlerOptions } from './session-answer.ts';

// Written out, not imported: who does not use Fastify does not install its types.
interface FastifyRequest {
  readonly method: string;
}

interface FastifyReply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
}

/**
 * The session endpoint for Fastify 4 and 5: `app.all('/api/billingos-session', fastifySessionHandler(…))`. Answers like
 * `createSessionHandler`.
 */
export function fastifySessionHandler<Request extends FastifyRequest>(
  options: SessionHandlerOptions<Request>,
): (request: Request, reply: FastifyReply) => Promise<SessionAnswer['body']> {
  return async (request, reply) => {
    const { status, headers, body } = await answerSessionRequest(options, request.method, request);
    reply.code(status);
    reply.headers({ ...headers, 'content-type': 'application/json' });
    return body;
  };
}
