import { randomUUID } from 'node:crypto';
import { type Environment, environments } from '../schema/environment.ts';
import { createAuthenticate } from './authenticate.ts';
import type { RequestsPerMinute } from './config.ts';
import type { Documentation } from './documentation.ts';
import { createAdmission } from './http/admission.ts';
import { documentAnswer, jwksAnswer } from './http/documents.ts';
import { createEndpoint } from './http/endpoint.ts';
import { createErrorMask, errorAnswer } from './http/errors.ts';
import {
  type Answer,
  type ApiRequest,
  fromWebRequest,
  type Handler,
  jsonAnswer,
  pathOf,
  toWebResponse,
} from './http/message.ts';
import { createGraphqlHandler } from './http/handler.ts';
import { createHealth, healthPaths } from './http/health.ts';
import { createLoopWatch } from './http/loop-watch.ts';
import { createOriginRules } from './http/origin.ts';
import { createPaymentHandler } from './http/payments.ts';
import { createRateLimits, type RateLimits } from './http/rate-limit.ts';
import { routeOf } from './http/route.ts';
import { createWebhookHandler } from './http/webhooks.ts';
import { unmeasured } from './metrics.ts';
import { pagesPath } from './payments/simulator/page-url.ts';
import type { Rules, RulesOptions } from './rules.ts';
import { jwksOf } from './token/jwks.ts';

export interface AppOptions extends Pick<RulesOptions, 'database' | 'issuers' | 'logger' | 'metrics'> {
  readonly rules: Rules;
  /** Origins of pages that may call the API with a session token, as browsers send them: `https://app.example`. */
  readonly allowedOrigins: readonly string[];
  /** Origins under which this service itself is reached. */
  readonly ownOrigins: readonly string[];
  readonly requestsPerMinute: RequestsPerMinute;
  /** Whether other processes serve from the same database: then limits hold for all of them together. */
  readonly processes: 'one' | 'several';
  /** Requests that are worked on at the same time, before more are refused; 0 refuses none. */
  readonly maxInFlight: number;
  readonly graphiql: 'on' | 'off';
  readonly documentation: Documentation;
}

export interface App {
  /** The whole service: a request in, an answer out. */
  readonly answer: Handler;
  /** The same by the Fetch standard. `address`: the network address of the caller. */
  fetch(request: Request, caller: { readonly address: string }): Promise<Response>;
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
  const { database, rules, logger, requestsPerMinute, processes, metrics = unmeasured } = options;
  const sharedCounts = processes === 'several' ? rules.sharedCounts : undefined;
  const rateLimits = createRateLimits({ requestsPerMinute, sharedCounts, logger, metrics });
  const loopWatch = createLoopWatch(rules.clock);
  const admission = createAdmission({ maxInFlight: options.maxInFlight, loopWatch, logger, metrics });
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
    [
      `${basePaths.test}${pagesPath}`,
      admission.guard(createPaymentHandler({ desk: rules.desk, rateLimits, logger, metrics })),
    ],
    ...environments.flatMap((environment) => environmentRoutes(environment, { rateLimits, admission }, options)),
  ]);

  async function answer(request: ApiRequest): Promise<Answer> {
    try {
      const route = routes.get(request.url) ?? routeOf(routes, pathOf(request.url) ?? '');
      return await (route ? route(request) : nothingHere());
    } catch (error) {
      // Whatever got past a route must not reach the listener, which knows nothing to say.
      return errorAnswer(maskFor(randomUUID())(error));
    }
  }

  return {
    answer,
    fetch: async (request, { address }) => toWebResponse(await answer(fromWebRequest(request, address))),

    async start() {
      await rules.revocations.start();
      rules.lastUsed.start();
      rules.retention.start();
      rules.renewals.start();
      rules.keyRotation.start();
      rateLimits.start();
      loopWatch.start();
      admission.start();
      logger.debug('the work beside requests has begun');
    },

    announceStop() {
      isStopping = true;
    },

    async stop() {
      loopWatch.stop();
      admission.stop();
      await Promise.all([
        rules.revocations.stop(),
        rules.lastUsed.stop(),
        rules.retention.stop(),
        rules.renewals.stop(),
        rules.keyRotation.stop(),
        rules.importJobs.stop(),
        rateLimits.stop(),
      ]);
    },
  };
}

interface Gates {
  readonly rateLimits: RateLimits;
  readonly admission: Pick<ReturnType<typeof createAdmission>, 'guard'>;
}

function environmentRoutes(
  environment: Environment,
  { rateLimits, admission }: Gates,
  options: AppOptions,
): [string, Handler][] {
  const { rules, logger, graphiql, issuers, metrics = unmeasured } = options;
  const path = `${basePaths[environment]}/graphql`;
  const originRules = createOriginRules({
    allowedOrigins: new Set(options.allowedOrigins),
    ownOrigins: new Set(options.ownOrigins),
    onRefused: (origin) =>
      logger.warn(
        { origin: origin.slice(0, 200) },
        'a page was refused: its origin is not in BILLINGOS_ALLOWED_ORIGINS',
      ),
  });
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
    originRules,
    authenticate: createAuthenticate({
      secretKeys: rules.secretKeys,
      acceptToken: rules.acceptToken,
      lastUsed: rules.lastUsed,
      rateLimits,
      metrics,
      endpoints: { test: `${issuers.test}/graphql`, live: `${issuers.live}/graphql` },
    }),
    logger,
    metrics,
  });
  return [
    [path, admission.guard(handler, originRules.answerHeaders)],
    [
      `${basePaths[environment]}/webhooks/stripe/`,
      admission.guard(createWebhookHandler({ environment, webhooks: rules.webhooks, rateLimits, logger, metrics })),
    ],
    [
      `${basePaths[environment]}/.well-known/jwks.json`,
      async () => jwksAnswer(jwksOf(rules.keyRing.published(environment))),
    ],
  ];
}

const documentRoutes = (documentation: Documentation): [string, Handler][] =>
  [...documentation].map(([path, document]) => [path, async () => documentAnswer(document)]);

const nothingHere = () =>
  jsonAnswer(404, {
    errors: [
      { message: 'Nothing is here: GraphQL is at /graphql and /sandbox/graphql.', extensions: { code: 'NOT_FOUND' } },
    ],
  });
