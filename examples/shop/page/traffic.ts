import type { Destination, Journal } from './journal.ts';

/** Notes every request that matters to billing as it is answered. What is sent is left alone. */
export function watchTraffic(scope: Pick<typeof globalThis, 'fetch'>, journal: Journal): void {
  const send = scope.fetch.bind(scope);
  scope.fetch = async (input, init) => {
    const destination = destinationOf(input instanceof Request ? input.url : input.toString());
    if (!destination) return send(input, init);
    const startedAtMs = performance.now();
    const response = await send(input, init).catch((error: unknown) => {
      journal.add({ tone: 'bad', destination, title: titleOf(destination, init), detail: 'no answer' });
      throw error;
    });
    const durationMs = Math.round(performance.now() - startedAtMs);
    const code = response.ok ? undefined : await codeOf(response.clone());
    journal.add({
      tone: response.ok ? 'calm' : 'bad',
      destination,
      title: titleOf(destination, init),
      detail: [response.status, code, `${durationMs} ms`].filter(Boolean).join(' · '),
    });
    return response;
  };
}

function destinationOf(url: string): Destination | undefined {
  if (url.endsWith('/api/billingos-session')) return 'shop';
  return url.endsWith('/graphql') ? 'service' : undefined;
}

function titleOf(destination: Destination, init: RequestInit | undefined): string {
  if (destination === 'shop') return 'Page → shop: a token, please';
  const operation = /(?:query|mutation) (\w+)/.exec(typeof init?.body === 'string' ? init.body : '')?.[1];
  return `Page → billing service: ${operation ?? 'a request'}`;
}

interface Failure {
  readonly code?: string;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
}

async function codeOf(response: Response): Promise<string | undefined> {
  const failure = (await response.json().catch(() => ({}))) as Failure;
  return failure.code ?? failure.errors?.[0]?.extensions?.code;
}
