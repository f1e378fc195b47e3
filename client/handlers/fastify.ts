import { goneSignalOf, type ClosableResponse } from './gone.ts';
import {
  answerSessionRequest,
  checkOptions,
  type EndpointAnswer,
  type SessionHandlerOptions,
} from './session-answer.ts';

// Written out, not imported: who does not use Fastify does not install its types.
interface FastifyRequest {
  readonly method: string;
}

interface FastifyReply {
  readonly raw: ClosableResponse;
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
}

/**
 * The session endpoint for Fastify 4 and 5: `app.all('/api/billingos-session', fastifySessionHandler(…))`. Answers like
 * `createSessionHandler`.
 */
export function fastifySessionHandler<Request extends FastifyRequest>(
  options: SessionHandlerOptions<Request>,
): (request: Request, reply: FastifyReply) => Promise<EndpointAnswer['body']> {
  checkOptions(options);
  return async (request, reply) => {
    const gone = goneSignalOf(reply.raw);
    const { status, headers, body } = await answerSessionRequest(options, request.method, request, gone);
    reply.code(status);
    reply.headers({ ...headers, 'content-type': 'application/json' });
    return body;
  };
}
