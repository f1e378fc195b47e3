import type { ErrorCode } from '../../../schema/error-codes.ts';
import { httpStatusByErrorCode } from '../../../schema/error-codes.ts';
import { readToken } from '../../../client/session/token.ts';

interface Sent {
  readonly url: string;
  readonly method: string | undefined;
  readonly token: string;
  readonly body: string;
  readonly init: RequestInit | undefined;
}

/** The service as the network shows it: answers `viewer` for whoever holds a token that it does not refuse. */
export interface Api {
  readonly fetch: typeof fetch;
  readonly sent: Sent[];
  /** From now on this token is answered with this code. */
  refuse(token: string, code: ErrorCode): void;
  refuseAll(code: ErrorCode | undefined): void;
  /** Holds every answer back until the returned function is called. */
  hold(): () => void;
}

export function createApi(): Api {
  const sent: Sent[] = [];
  const refused = new Map<string, ErrorCode>();
  let refusedAll: ErrorCode | undefined;
  let gate = Promise.resolve();

  async function answer(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const token = new Headers(init?.headers).get('authorization')?.replace('Bearer ', '') ?? '';
    sent.push({ url: input as string, method: init?.method, token, body: init?.body as string, init });
    const code = refusedAll ?? refused.get(token);
    await gate;
    if (code) return refusal(code);
    const { customerId } = readToken(token);
    return Response.json({ data: { viewer: { id: customerId }, endSession: { id: 'ses_1' } } });
  }

  return {
    fetch: answer,
    sent,
    refuse: (token, code) => void refused.set(token, code),
    refuseAll: (code) => (refusedAll = code),
    hold() {
      const ends: (() => void)[] = [];
      gate = new Promise((resolve) => ends.push(resolve));
      return () => ends.forEach((end) => end());
    },
  };
}

const refusal = (code: ErrorCode) =>
  Response.json(
    { errors: [{ message: `Refused: ${code}.`, extensions: { code } }] },
    { status: httpStatusByErrorCode[code], headers: { 'x-request-id': 'req_1' } },
  );
