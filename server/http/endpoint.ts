import { useDisableIntrospection } from '@graphql-yoga/plugin-disable-introspection';
import { createYoga } from 'graphql-yoga';
import type { Caller, Context } from '../../schema/context.ts';
import type { Environment } from '../../schema/environment.ts';
import { schema } from '../../schema/index.ts';
import type { Logger } from '../log.ts';
import { codeOf, createErrorMask } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { type Answer, type ApiRequest, fromWebResponse, toWebRequest } from './message.ts';
import { graphiqlFor } from './graphiql.ts';
import { useInputProblems } from './input-problems.ts';
import { createKnownDocuments, type KnownDocuments, useKnownDocuments } from './known-documents.ts';
import { useLimits } from './limits.ts';
import { useParams } from './params.ts';
import { createShortcut } from './shortcut.ts';

/** What resolvers may call. */
export type Ports = Omit<Context, 'caller' | 'loaders'>;

interface EndpointOptions {
  readonly environment: Environment;
  readonly path: string;
  readonly ports: Ports;
  readonly graphiql: 'on' | 'off';
  readonly logger: Logger;
}

/** What is known about a request when GraphQL begins. */
export interface RequestContext {
  readonly caller: Caller;
  readonly exchange: Exchange;
}

/** GraphQL for one environment. Who may send a request, and how large it may be, was decided before. */
export type Endpoint = (request: ApiRequest, context: RequestContext) => Promise<Answer>;

export function createEndpoint(options: EndpointOptions): Endpoint {
  const known = createKnownDocuments();
  const maskFor = createErrorMask(options.logger);
  const shortcut = createShortcut({ ports: options.ports, known, maskFor });
  const yoga = yogaFor(options, known, maskFor);

  return async (request, context) => {
    const body = request.method === 'POST' ? await request.readBody() : undefined;
    const answer = body && (await shortcut(body, request.headers.get('accept'), context));
    return answer ?? fromWebResponse(await yoga.fetch(toWebRequest(request, body), context));
  };
}

function yogaFor(
  { environment, path, ports, graphiql }: EndpointOptions,
  known: KnownDocuments,
  maskFor: ReturnType<typeof createErrorMask>,
) {
  const isLive = environment === 'live';

  return createYoga<RequestContext>({
    schema,
    graphqlEndpoint: path,
    context: () => ({ ...ports, loaders: {} }) satisfies Omit<Context, 'caller'>,
    ...(graphiql === 'on' ? graphiqlFor(environment) : { graphiql: false }),
    landingPage: false,
    cors: false,
    logging: false,
    batching: false,
    multipart: false,
    maxRequestBodySize: false,
    // Its cache is bounded by count alone, and a document may be large: ours is below.
    parserAndValidationCache: false,
    maskedErrors: false,
    plugins: [
      useParams(),
      useLimits({ suggestions: isLive ? 'off' : 'on' }),
      // Before the next one, which may end the execution.
      useKnownDocuments(known),
      useInputProblems(),
      // In the sandbox anybody may look at the schema; in production only who could use it from a server.
      useDisableIntrospection({ isDisabled: (_request, context) => isLive && !isMerchant(context) }),
      {
        onResultProcess({ result, serverContext, setResult }) {
          const { exchange } = serverContext as unknown as RequestContext;
          if (!('errors' in result) || !result.errors) return;
          const errors = result.errors.map(maskFor(exchange.requestId));
          if (errors[0]) exchange.code = codeOf(errors[0]);
          setResult({ ...result, errors });
        },
      },
    ],
  });
}

const isMerchant = (context: Record<string, unknown>) => (context['caller'] as Caller).kind === 'merchant';
