import { expect, test, vi } from 'vitest';
import { createBillingClient } from '../../client/client.ts';
import { billingErrorOf } from '../../client/failure.ts';
import { ViewerDocument } from '../../client/generated.ts';
import { createApi } from './support/api.ts';
import { createToken, type TokenOptions } from './support/token.ts';
import { createWorld } from './support/world.ts';

const minuteMs = 60_000;
const first = createToken({ lifetimeSeconds: 60 });
const html = { headers: { 'content-type': 'text/html' } };
const hidden = { type: 'opaqueredirect', status: 0, ok: false, headers: new Headers() } as Response;
const session = (options: TokenOptions, name = 'next') =>
  Response.json({
    sessionToken: createToken({ lifetimeSeconds: 60, name, issuedAtSeconds: 1_800_000_060, ...options }),
  });

/** A page with a token that counts for a minute, whose endpoint answers with this from then on. */
async function openPage(answer: (asks: number) => Response | Promise<Response>) {
  const api = createApi();
  let asks = 0;
  const world = createWorld({
    fetch: async (input, init) => {
      if (input !== '/token') return api.fetch(input, init);
      asks += 1;
      return asks === 1 ? Response.json({ sessionToken: first }) : answer(asks);
    },
  });
  const said = (['debug', 'log', 'info', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level));
  const { client, session } = createBillingClient({ sessionTokenUrl: '/token', host: world.host });
  await world.advance(1_000);
  const operate = async () => {
    const { data, error } = await client.query(ViewerDocument, {}).toPromise();
    return error ? billingErrorOf(error).code : data?.viewer.id;
  };
  const linesSaid = () => said.reduce((lines, spy) => lines + spy.mock.calls.length, 0);
  return { api, world, session, operate, linesSaid, asks: () => asks };
}

test.each<[string, () => Response | Promise<Response>, string]>([
  ['HTML', () => new Response('<!doctype html><title>Log in</title>', html), 'SESSION_ENDPOINT_FAILED'],
  ['204', () => new Response(null, { status: 204 }), 'SESSION_ENDPOINT_FAILED'],
  ['an empty object', () => Response.json({}), 'SESSION_ENDPOINT_FAILED'],
  ['a redirect to a login page', () => hidden, 'SESSION_ENDPOINT_FAILED'],
  ['10 MB', () => new Response('x'.repeat(10_000_000)), 'SESSION_ENDPOINT_FAILED'],
  ['half a token', () => Response.json({ sessionToken: first.slice(0, 60) }), 'INVALID_TOKEN'],
  ['the same token again', () => Response.json({ sessionToken: first }), 'TOKEN_NOT_RENEWED'],
  ['an older token', () => session({ issuedAtSeconds: 1_700_000_000 }), 'TOKEN_NOT_RENEWED'],
  ['nothing for ever', () => new Promise<Response>(() => {}), 'TIMEOUT'],
])(
  'an endpoint that answers with %s is asked again, ever later, and the token serves to its end',
  async (_name, answer, code) => {
    const { api, world, session, operate, linesSaid, asks } = await openPage(answer);
    const seen = new Set<string>();
    session.subscribe(() => {
      const state = session.state();
      if ('error' in state) seen.add(`${state.kind} ${state.error.code}`);
    });
    await world.advance(58_000);
    expect(await operate()).toBe('cus_ada');
    expect(api.sent.at(-1)?.token).toBe(first);

    await world.advance(9 * minuteMs);
    expect([...seen]).toEqual([`backingOff ${code}`]);
    expect(asks()).toBeGreaterThan(5);
    expect(asks()).toBeLessThan(40);
    expect(linesSaid()).toBe(0);
  },
);

test('a token that comes again is explained by caching', async () => {
  const { world, session } = await openPage(() => Response.json({ sessionToken: first }));
  await world.advance(58_000);
  expect(session.state()).toMatchObject({ error: { message: expect.stringMatching(/cache/i) as string } });
});

test.each<[string, TokenOptions]>([
  ['another customer', { customerId: 'cus_grace' }],
  ['another environment', { environment: 'live', issuer: 'https://api.example', customerId: 'cus_live_ada' }],
])('a token of %s is taken, and what was under way for the one before ends with a code', async (_name, options) => {
  const { api, world, session: page, operate } = await openPage(() => session(options));
  await world.advance(50_000);
  api.hold();
  const result = operate();
  await world.advance(9_000);
  expect(await result).toBe('CUSTOMER_CHANGED');
  expect(page.state()).toMatchObject({ kind: 'ready', life: { claims: { customerId: options.customerId } } });
});

test('tokens that the API takes for expired end in a broken session after three of them', async () => {
  let name = 0;
  const { api, world, session: page, operate, asks } = await openPage(() => session({}, `${(name += 1)}`));
  api.refuseAll('TOKEN_EXPIRED');
  for (let times = 0; times < 4; times += 1) {
    const result = operate();
    await world.advance(20_000);
    expect(await result).toMatch(/TOKEN_EXPIRED|TOKENS_REFUSED/);
  }
  expect(page.state()).toMatchObject({ kind: 'broken', error: { code: 'TOKENS_REFUSED' } });
  const asksBefore = asks();
  await world.advance(60 * minuteMs);
  expect(asks()).toBe(asksBefore);
});
