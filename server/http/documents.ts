import type { Answer } from './message.ts';

const text = (type: string, body: string, maxAgeSeconds: number, headers: Answer['headers'] = {}): Answer => ({
  status: 200,
  headers: {
    'content-type': type,
    'cache-control': `public, max-age=${maxAgeSeconds}`,
    'x-content-type-options': 'nosniff',
    ...headers,
  },
  body,
});

/** Public keys may be read from anywhere. Verifiers keep them for minutes, and ask again for a `kid` they do not know. */
export const jwksAnswer = (jwks: object): Answer =>
  text('application/jwk-set+json', JSON.stringify(jwks), 300, { 'access-control-allow-origin': '*' });

/** As plain text: Markdown for people and machines, and nothing that a browser would run. */
export const documentAnswer = (document: string): Answer => text('text/plain; charset=utf-8', document, 3_600);
