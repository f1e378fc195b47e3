import { httpStatusByErrorCode, type ErrorCode } from '../../schema/error-codes.ts';
import { BillingOSError, type BillingOSErrorCode } from '../errors.ts';
import { parseObject } from '../session/json.ts';
import { redact } from './redact.ts';

/** An HTTP answer with its body read. */
export interface Answer {
  readonly status: number;
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly text: string;
}

/** What a GraphQL answer carries; throws the BillingOSError that it reports, or UNEXPECTED_ANSWER for anything else. */
export function contentOf(answer: Answer): unknown {
  const body = parseObject(answer.text) ?? {};
  const failure = Array.isArray(body['errors']) ? (body['errors'] as unknown[])[0] : undefined;
  if (failure !== undefined) throw errorOf(failure, answer);
  if (answer.status === 200 && isRecord(body['data'])) return body['data'];

  const code = codeOfStatus(answer.status);
  throw failed(code, `The service answered ${answer.status}, not as a GraphQL API does. Is \`url\` right?`, answer);
}

function errorOf(failure: unknown, answer: Answer): BillingOSError {
  const extensions = isRecord(failure) && isRecord(failure['extensions']) ? failure['extensions'] : {};
  const message = isRecord(failure) && typeof failure['message'] === 'string' ? failure['message'] : 'No message.';
  const code = extensions['code'];
  if (isErrorCode(code)) return failed(code, `${message}${problemsOf(extensions['problems'])}`, answer);

  // A code of a newer service, or none.
  const named = typeof code === 'string' ? `${code}: ${message}` : message;
  return failed(codeOfStatus(answer.status), named, answer);
}

/** `INVALID_INPUT` reports everything that is wrong at once: all of it belongs into the message. */
function problemsOf(problems: unknown): string {
  if (!Array.isArray(problems)) return '';
  return problems
    .filter((problem) => isRecord(problem))
    .map(({ path, message }) => `\n- ${Array.isArray(path) ? path.join('.') : 'input'}: ${String(message)}`)
    .join('');
}

function failed(code: BillingOSErrorCode, message: string, { status, requestId, retryAfterSeconds }: Answer) {
  // Every call of this SDK is safe to repeat (see node.ts), so a bug or a restart on the other side is worth another try.
  const retryable = status === 429 || status >= 500 || code === 'INTERNAL_SERVER_ERROR' ? true : undefined;
  return new BillingOSError(code, redact(message), { status, requestId, retryAfterSeconds, retryable });
}

/** An answer that says no more than its status: a proxy's, or that of some other server. */
function codeOfStatus(status: number): BillingOSErrorCode {
  if (status === 429) return 'RATE_LIMITED';
  return status >= 500 ? 'UNAVAILABLE' : 'UNEXPECTED_ANSWER';
}

const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(httpStatusByErrorCode, code);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
