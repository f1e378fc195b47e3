import type { Environment } from '../../schema/environment.ts';
import type { Authenticate } from '../authenticate.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Endpoint } from './endpoint.ts';
import type { Exchange } from './exchange.ts';
import { type Answer, type ApiRequest, type Handler, joined } from './message.ts';
import { createFrame } from './frame.ts';
import { graphiqlSecurityPolicy } from './graphiql.ts';
import type { createOriginRules } from './origin.ts';
import { checkRequest } from './request-rules.ts';

interface HandlerOptions {
  readonly environment: Environment;
  readonly endpoint: Endpoint;
  readonly originRules: ReturnType<typeof createOriginRules>;
  readonly authenticate: Authenticate;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** GraphQL over HTTP for one environment: who may send what is decided here, before GraphQL sees it. */
export function createGraphqlHandler(options: HandlerOptions): Handler {
  const { environment, endpoint, originRules, authenticate, logger, metrics } = options;

  async function answer(request: ApiRequest, exchange: Exchange): Promise<Answer> {
    if (request.method === 'OPTIONS') return { status: 204, headers: {}, body: '' };
    originRules.check(request.headers);
    checkRequest(request);
    const authorization = request.headers.get('authorization');
    const caller = await authenticate({ authorization, environment, address: request.address });
    // What waited that long for the database must not all be done once it is back.
    if (exchange.isOver) throw new Error('nobody waits for the answer any more');
    return endpoint(request, { caller, exchange });
  }

  const headersFor = (request: ApiRequest, { headers }: Answer): Answer['headers'] =>
    joined(
      request.method === 'OPTIONS'
        ? originRules.preflightHeaders(request.headers)
        : originRules.answerHeaders(request.headers),
      headers['content-type']?.startsWith('text/html')
        ? { 'content-security-policy': graphiqlSecurityPolicy }
        : undefined,
    );

  return createFrame({ environment, logger, metrics, name: 'request', answer, headersFor });
}
