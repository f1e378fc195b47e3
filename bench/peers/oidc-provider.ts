import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider, type JWK } from 'oidc-provider';
import { readTask } from '../floors/server.ts';

/** Issues a JWT access token to a client that shows its secret; what it keeps, it keeps in memory. */
export interface OidcTask {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly resource: string;
}

const { clientId, clientSecret, resource } = readTask() as OidcTask;
const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const key = { ...(await exportJWK(privateKey)), kid: 'key', alg: 'ES256', use: 'sig' } as JWK;

const provider = new Provider('http://localhost:4000', {
  jwks: { keys: [key] },
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: 'api',
        audience: resource,
        accessTokenTTL: 3_600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

const answer = provider.callback();
const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}/token\n`);
});
