import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { type User, users } from './users.ts';

/** One browser in which one user is logged in. */
export interface Login {
  readonly user: User;
  /** How long the session tokens of this login shall live: here for show, so that one can watch them being renewed. */
  tokenLifetimeSeconds: number;
}

/** A minute is the shortest that there is. */
const defaultLifetimeSeconds = 60;
const cookieName = 'shop_login';
const maxLogins = 1_000;

/** The shop's own login, which has nothing to do with billing: a random id in a cookie that scripts cannot read. */
export function createLogins() {
  const logins = new Map<string, Login>();

  return {
    of: (request: Pick<Request, 'headers'>): Login | undefined => logins.get(idOf(request)),

    /** Ends the login before, if there is one: nothing that was copied from it counts any more. */
    begin(request: Request, response: Response, userId: unknown): Login | undefined {
      const user = users.find(({ id }) => id === userId);
      if (!user) return undefined;
      logins.delete(idOf(request));
      const login = { user, tokenLifetimeSeconds: defaultLifetimeSeconds };
      const id = randomBytes(32).toString('base64url');
      forgetOldest(logins);
      logins.set(id, login);
      response.cookie(cookieName, id, { httpOnly: true, sameSite: 'lax', path: '/' });
      return login;
    },

    end(request: Request, response: Response): void {
      logins.delete(idOf(request));
      response.clearCookie(cookieName, { httpOnly: true, sameSite: 'lax', path: '/' });
    },
  };
}

function idOf({ headers }: Pick<Request, 'headers'>): string {
  const cookies = (headers.cookie ?? '').split(/; */);
  return cookies.find((cookie) => cookie.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1) ?? '';
}

function forgetOldest(logins: Map<string, Login>): void {
  const [oldest] = logins.keys();
  if (oldest !== undefined && logins.size >= maxLogins) logins.delete(oldest);
}
