import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { httpStatusByErrorCode, type ErrorCode } from '../../../schema/error-codes.ts';

/** What the service does with one request. */
type Step = (response: ServerResponse) => void;

interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { query: string; variables: Record<string, unknown> };
}

/** A real HTTP server that answers one request after another by the script; its last step repeats. */
export async function startService(...script: [Step, ...Step[]]) {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => void receive(request, response));
  async function receive(request: IncomingMessage, response: ServerResponse) {
    const body = JSON.parse(await text(request)) as ReceivedRequest['body'];
    const step = script[Math.min(requests.length, script.length - 1)] ?? script[0];
    requests.push({ path: request.url ?? '', headers: request.headers, body });
    step(response);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The service has no port.');
  return { url: `http://127.0.0.1:${address.port}`, requests };
}

export const answers =
  (data: unknown): Step =>
  (response) =>
    send(response, 200, { data });

/** A failure as the API reports it. */
export const fails =
  (code: ErrorCode, more: { message?: string; problems?: unknown; headers?: Record<string, string> } = {}): Step =>
  (response) => {
    const { message = 'It failed.', problems, headers } = more;
    send(response, httpStatusByErrorCode[code], { errors: [{ message, extensions: { code, problems } }] }, headers);
  };

/** An answer of something that is not our API. */
export const answersRaw =
  (status: number, content: string, headers: Record<string, string> = {}): Step =>
  (response) =>
    response.writeHead(status, headers).end(content);

export const hangs: Step = () => undefined;

export const dropsConnection: Step = (response) => response.destroy();

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response
    .writeHead(status, {
      'content-type': 'application/graphql-response+json',
      'x-request-id': 'req_1',
      ...headers,
    })
    .end(JSON.stringify(body));
}

export const customer = {
  id: 'cus_1',
  externalUserId: 'ada',
  externalOrganizationId: null,
  email: null,
  name: null,
  source: 'SESSION',
  stripeCustomerId: null,
  metadata: {},
  createdAt: '2026-11-01T10:00:00.000Z',
};

export const session = {
  id: 'ses_1',
  status: 'ACTIVE',
  environment: 'TEST',
  externalUserId: 'ada',
  allowedOperations: ['READ_CUSTOMER'],
  createdAt: '2026-11-01T10:00:00.000Z',
  expiresAt: '2026-11-01T11:00:00.000Z',
  revokedAt: null,
  lastUsedAt: null,
  keyId: 'key_1',
  metadata: { createdAt: 'not a date' },
  customer,
};

export const createdSession = {
  createSession: {
    sessionToken: 'bos_session_test_aaa.bbb.ccc',
    expiresAt: '2026-11-01T11:00:00.000Z',
    expiresIn: 3600,
    session,
    customer,
    bindOutcome: 'NO_EMAIL',
    unresolvedCustomers: 0,
  },
};
