export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly organizationId?: string;
  readonly about: string;
}

export interface Login {
  readonly user: User;
  readonly tokenLifetimeSeconds: number;
}

/** The shop's own routes. They know the user by the login cookie. */
export const shopApi = {
  me: async (): Promise<{ users: User[]; login: Login | null }> => (await fetch('/api/me')).json(),
  login: async (userId: string): Promise<{ login: Login | null }> => (await post('/api/login', { userId })).json(),
  /** Revokes the session as well, if one is named. */
  logout: (sessionId?: string) => post('/api/logout', { sessionId }),
  revoke: (sessionId: string | undefined) => post('/api/revoke', { sessionId }),
  changeTokenLifetime: (seconds: number) => post('/api/token-lifetime', { seconds }),
  /** Moves the test clock of the sandbox. */
  letMonthPass: () => post('/api/month', {}),
  /** What the SDK does in automatic mode, done by hand. */
  async sessionToken(): Promise<string | null> {
    const response = await fetch('/api/billingos-session', { cache: 'no-store' });
    const answer = (await response.json()) as { sessionToken?: string };
    return answer.sessionToken ?? null;
  },
};

const post = (path: string, body: object): Promise<Response> =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
