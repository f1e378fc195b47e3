import type { Environment } from '../../schema/environment.ts';
import type { Authenticate } from '../authenticate.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { createEndpoint } from './endpoint.ts';
import type { Exchange } from './exchange.ts';
import { type Connection, createFrame, type Handler } from './frame.ts';
import { graphiqlSecurityPolicy } from './graphiql.ts';
import type { createOriginRules } from './origin.ts';
import { checkRequest } from './request-rules.ts';

interface HandlerOptions {
  readonly environment: Environment;
  readonly endpoint: ReturnType<typeof createEndpoint>;
  readonly originRules: ReturnType<typeof createOriginRules>;
  readonly authenticate: Authenticate;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** GraphQL over HTTP for one environment: who may send what is decided here, before GraphQL sees it. */
export function createGraphqlHandler(options: HandlerOptions): Handler {
  const { environment, endpoint, originRules, authenticate, logger, metrics } = options;

  async function answer(request: Request, { address }: Connection, exchange: Exchange): Promise<Response> {
    if (request.method === 'OPTIONS') return new Response(null, { status: 204 });
    originRules.check(request.headers);
    checkRequest(request);
    const authorization = request.headers.get('authorization');
    const caller = await authenticate({ authorization, environment, address });
    return endpoint.fetch(request, { caller, exchange });
  }

  const headersFor = (request: Request, response: Response): Record<string, string> => ({
    ...(request.method === 'OPTIONS'
      ? originRules.preflightHeaders(request.headers)
      : originRules.answerHeaders(request.headers)),
    ...(response.headers.get('content-type')?.startsWith('text/html') && {
      'content-security-policy': graphiqlSecurityPolicy,
    }),
  });

  return createFrame({ environment, logger, metrics, name: 'request', answer, headersFor });
}
