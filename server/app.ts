import { randomUUID } from 'node:crypto';
import { type Environment, environments } from '../schema/environment.ts';
import { createAuthenticate } from './authenticate.ts';
import type { Documentation } from './documentation.ts';
import { documentResponse, jwksResponse } from './http/documents.ts';
import { createEndpoint } from './http/endpoint.ts';
import { createErrorMask, errorResponse } from './http/errors.ts';
import type { Handler } from './http/frame.ts';
import { createGraphqlHandler } from './http/handler.ts';
import { createHealth, healthPaths } from './http/health.ts';
import { createOriginRules } from './http/origin.ts';
import { createPaymentHandler } from './http/payments.ts';
import { createRateLimits, type RateLimits } from './http/rate-limit.ts';
import { createWebhookHandler } from './http/webhooks.ts';
import { pagesPath } from './payments/simulator/page-url.ts';
import type { Rules, RulesOptions } from './rules.ts';
import { jwksOf } from './token/jwks.ts';

export interface AppOptions extends Pick<RulesOptions, 'database' | 'issuers' | 'logger'> {
  readonly rules: Rules;
  /** Origins of pages that may call the API with a session token, as browsers send them: `https://app.example`. */
  readonly allowedOrigins: readonly string[];
  /** Origins under which this service itself is reached. */
  readonly ownOrigins: readonly string[];
  /** For one secret key; 0 is no limit. */
  readonly requestsPerMinute: number;
  readonly graphiql: 'on' | 'off';
  readonly documentation: Documentation;
}

export interface App {
  /** The whole service: a request in, a response out. */
  readonly fetch: Handler;
  /** Reads the revocations in force, and begins the work that goes on beside requests. Not ready before. */
  start(): Promise<void>;
  /** Not ready from here on, though requests are still answered. */
  announceStop(): void;
  /** Ends the work beside requests, and writes what it still holds. */
  stop(): Promise<void>;
}

/** The paths of each environment, below which it is a service of its own. */
const basePaths: Readonly<Record<Environment, string>> = { live: '', test: '/sandbox' };

export function createApp(options: AppOptions): App {
  const { database, rules, logger } = options;
  const rateLimits = createRateLimits({ requestsPerMinute: options.requestsPerMinute });
  const maskFor = createErrorMask(logger);
  let isStopping = false;
  const health = createHealth({
    ping: database.ping,
    isFeedFresh: rules.revocations.isFresh,
    isStopping: () => isStopping,
  });

  const routes = new Map<string, Handler>([
    [healthPaths.live, async () => health.live()],
    [healthPaths.ready, () => health.ready()],
    ...documentRoutes(options.documentation),
    [`${basePaths.test}${pagesPath}`, createPaymentHandler({ desk: rules.desk, logger })],
    ...environments.flatMap((environment) => environmentRoutes(environment, rateLimits, options)),
  ]);

  return {
    async fetch(request, connection) {
      try {
        const { pathname } = new URL(request.url);
        const route = routes.get(pathname) ?? routes.get(parentOf(pathname));
        return await (route ? route(request, connection) : nothingHere());
      } catch (error) {
        // Whatever got past a route must not reach the adapter, which would answer with a stack.
        return errorResponse(maskFor(randomUUID())(error));
      }
    },

    async start() {
      await rules.revocations.start();
      rules.lastUsed.start();
      rules.retention.start();
      rules.renewals.start();
      logger.debug('the work beside requests has begun');
    },

    announceStop() {
      isStopping = true;
    },

    async stop() {
      await Promise.all([
        rules.revocations.stop(),
        rules.lastUsed.stop(),
        rules.retention.stop(),
        rules.renewals.stop(),
        rules.importJobs.stop(),
      ]);
    },
  };
}

function environmentRoutes(environment: Environment, rateLimits: RateLimits, options: AppOptions): [string, Handler][] {
  const { rules, logger, graphiql, issuers } = options;
  const path = `${basePaths[environment]}/graphql`;
  const handler = createGraphqlHandler({
    environment,
    endpoint: createEndpoint({
      environment,
      path,
      graphiql,
      logger,
      ports: {
        sessions: rules.sessions,
        customers: rules.customers,
        binding: rules.binding,
        imports: rules.importJobs,
        catalog: rules.catalog,
        subscriptions: rules.subscriptions,
        entitlements: rules.entitlements,
        usage: rules.usage,
        billing: rules.billing,
      },
    }),
    originRules: createOriginRules({
      allowedOrigins: new Set(options.allowedOrigins),
      ownOrigins: new Set(options.ownOrigins),
      onRefused: (origin) =>
        logger.warn(
          { origin: origin.slice(0, 200) },
          'a page was refused: its origin is not in BILLINGOS_ALLOWED_ORIGINS',
        ),
    }),
    authenticate: createAuthenticate({
      secretKeys: rules.secretKeys,
      acceptToken: rules.acceptToken,
      lastUsed: rules.lastUsed,
      rateLimits,
      endpoints: { test: `${issuers.test}/graphql`, live: `${issuers.live}/graphql` },
    }),
    logger,
  });
  return [
    [path, handler],
    [
      `${basePaths[environment]}/webhooks/stripe/`,
      createWebhookHandler({ environment, webhooks: rules.webhooks, logger }),
    ],
    [`${basePaths[environment]}/.well-known/jwks.json`, async () => jwksResponse(jwksOf(rules.keyRing, environment))],
  ];
}

/** A route that ends with a slash is that of everything directly below it. */
const parentOf = (pathname: string) => pathname.slice(0, pathname.lastIndexOf('/') + 1);

const documentRoutes = (documentation: Documentation): [string, Handler][] =>
  [...documentation].map(([path, document]) => [path, async () => documentResponse(document)]);

const nothingHere = () =>
  Response.json(
    {
      errors: [
        { message: 'Nothing is here: GraphQL is at /graphql and /sandbox/graphql.', extensions: { code: 'NOT_FOUND' } },
      ],
    },
    { status: 404 },
  );
