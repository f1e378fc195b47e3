import { type BillingOS, expressSessionHandler } from 'billingos/node';
import express, { type Express, type RequestHandler } from 'express';
import { answerFailure } from './answer-failure.ts';
import { createLogins } from './logins.ts';
import { protectBrowsers } from './protect-browsers.ts';
import { users } from './users.ts';

interface ShopOptions {
  /** Settles when the shop has its secret key. Yours is there from the start: `new BillingOS({ secretKey })`. */
  readonly billingos: Promise<BillingOS>;
  /** Settles with the directory of the built page. */
  readonly page: Promise<string>;
  /** The origin of the billing service: the only other one that the page may talk to. */
  readonly billingOrigin: string;
}

const lifetimesSeconds: readonly unknown[] = [60, 300, 3_600];
const monthSeconds = 31 * 86_400;

/** The merchant's server: its own logins, its own page, and one route for billing. */
export function createShop({ billingos, page, billingOrigin }: ShopOptions): Express {
  const app = express();
  const logins = createLogins();
  app.disable('x-powered-by');
  app.use(protectBrowsers(billingOrigin), express.json({ limit: '1kb' }));

  // This is all that billing needs of a merchant's server. Who the user is comes from the login, never from the page.
  app.all(
    '/api/billingos-session',
    expressSessionHandler({
      billingos: { createSessionToken: async (input, call) => (await billingos).createSessionToken(input, call) },
      authenticate(request: express.Request) {
        const login = logins.of(request);
        if (!login) return null;
        const { id, email, organizationId } = login.user;
        return {
          externalUserId: id,
          email,
          ...(organizationId !== undefined && { externalOrganizationId: organizationId }),
          expiresIn: login.tokenLifetimeSeconds,
        };
      },
    }),
  );

  app.get('/api/me', (request, response) => {
    const login = logins.of(request);
    response.set('cache-control', 'no-store').json({ users, login: login ?? null });
  });

  app.post('/api/login', (request, response) => {
    const login = logins.begin(request, response, fieldOf(request, 'userId'));
    response.status(login ? 200 : 400).json({ login: login ?? null });
  });

  app.post('/api/token-lifetime', (request, response) => {
    const login = logins.of(request);
    const seconds = fieldOf(request, 'seconds');
    if (!login || !lifetimesSeconds.includes(seconds)) return void response.status(login ? 400 : 401).end();
    login.tokenLifetimeSeconds = Number(seconds);
    response.status(204).end();
  });

  app.post('/api/revoke', async (request, response) => {
    const user = logins.of(request)?.user;
    const status = user ? await revoke(await billingos, fieldOf(request, 'sessionId'), user.id) : 401;
    response.status(status).end();
  });

  // The login ends first: whoever asks for a token from here on gets none.
  app.post('/api/logout', async (request, response) => {
    const user = logins.of(request)?.user;
    logins.end(request, response);
    if (user) await revoke(await billingos, fieldOf(request, 'sessionId'), user.id);
    response.status(204).end();
  });

  // For show: time passes for everybody in the sandbox, so that one can watch a renewal.
  app.post('/api/month', async (request, response) => {
    if (!logins.of(request)) return void response.status(401).end();
    await (await billingos).advanceTestClock(monthSeconds);
    response.status(204).end();
  });

  let files: RequestHandler | undefined;
  app.use(async (request, response, next) => {
    const directory = await page;
    files ??= express.static(directory);
    files(request, response, next);
  });
  app.use(answerFailure);
  return app;
}

/** The id comes from a browser, so look first whose session it is. @returns the status to answer with. */
async function revoke(billingos: BillingOS, sessionId: unknown, userId: string): Promise<204 | 404> {
  const session = typeof sessionId === 'string' ? await billingos.session(sessionId) : null;
  if (session?.externalUserId !== userId) return 404;
  await billingos.revokeSession(session.id);
  return 204;
}

const fieldOf = (request: express.Request, name: string): unknown =>
  (request.body as Record<string, unknown> | undefined)?.[name];
