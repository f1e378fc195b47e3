import { goneSignalOf, type ClosableResponse } from './gone.ts';
import { answerSessionRequest, checkOptions, type SessionHandlerOptions } from './session-answer.ts';

// Written out, not imported: who does not use Express does not install its types.
interface ExpressRequest {
  readonly method?: string | undefined;
}

interface ExpressResponse extends ClosableResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/**
 * The session endpoint for Express 4 and 5, and for anything else built on `node:http`:
 * `app.all('/api/billingos-session', expressSessionHandler(…))`. Answers like `createSessionHandler`.
 */
export function expressSessionHandler<Request extends ExpressRequest>(
  options: SessionHandlerOptions<Request>,
): (request: Request, response: ExpressResponse) => Promise<void> {
  checkOptions(options);
  return async (request, response) => {
    const gone = goneSignalOf(response);
    const { status, headers, body } = await answerSessionRequest(options, request.method ?? '', request, gone);
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  };
}
