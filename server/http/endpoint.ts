import { useDisableIntrospection } from '@graphql-yoga/plugin-disable-introspection';
import type { ExecutionArgs } from 'graphql';
import { createYoga } from 'graphql-yoga';
import type { Caller, Context } from '../../schema/context.ts';
import type { Environment } from '../../schema/environment.ts';
import { schema } from '../../schema/index.ts';
import type { Logger } from '../log.ts';
import { codeOf, createErrorMask } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { graphiqlFor } from './graphiql.ts';
import { useInputProblems } from './input-problems.ts';
import { useLimits } from './limits.ts';
import { operationOf } from './operation.ts';
import { useParams } from './params.ts';

/** What resolvers may call. */
export type Ports = Omit<Context, 'caller'>;

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
export function createEndpoint(options: EndpointOptions) {
  const { environment, path, ports, graphiql, logger } = options;
  const maskFor = createErrorMask(logger);
  const isLive = environment === 'live';

  return createYoga<RequestContext>({
    schema,
    graphqlEndpoint: path,
    context: ports,
    ...(graphiql === 'on' ? graphiqlFor(environment) : { graphiql: false }),
    landingPage: false,
    cors: false,
    logging: false,
    batching: false,
    multipart: false,
    maxRequestBodySize: false,
    maskedErrors: false,
    plugins: [
      useParams(),
      useLimits({ suggestions: isLive ? 'off' : 'on' }),
      useInputProblems(),
      // In the sandbox anybody may look at the schema; in production only who could use it from a server.
      useDisableIntrospection({ isDisabled: (_request, context) => isLive && !isMerchant(context) }),
      {
        onExecute({ args }: { args: ExecutionArgs }) {
          const operation = operationOf(args.document, args.operationName);
          if (operation) (args.contextValue as RequestContext).exchange.operation = operation;
        },
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
