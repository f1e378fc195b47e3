import { ApiError } from '../../schema/errors.ts';
import type { ApiRequest, RequestHeaders } from './message.ts';
import { carriesSecretKey } from './origin.ts';

const maxBodyBytes = 65_536;
/** A merchant's server may send lists. */
const maxBodyBytesWithSecretKey = 262_144;

/** What a request must be before its body is read. */
export function checkRequest({ method, headers }: Pick<ApiRequest, 'method' | 'headers'>): void {
  if (method === 'GET') return;
  if (method !== 'POST') throw refusal(405, 'Use POST, or GET for queries.', { allow: 'GET, POST' });
  if (!isJson(headers.get('content-type'))) throw refusal(415, 'Send the body as application/json.');
  checkLength(headers, carriesSecretKey(headers) ? maxBodyBytesWithSecretKey : maxBodyBytes);
}

/** The length must be said in advance: Node then reads no byte more, whatever is sent, and nothing has to be counted on the way. */
export function checkLength(headers: RequestHeaders, maxBytes: number): void {
  const length = headers.get('content-length');
  if (length === null || !/^\d{1,15}$/.test(length)) throw refusal(411, 'Send a Content-Length.');
  if (Number(length) > maxBytes) throw refusal(413, `The body may have at most ${maxBytes} bytes.`);
}

/** UTF-8 or nothing said: JSON has no other encoding (RFC 8259). */
const isJson = (contentType: string | null) =>
  contentType !== null && /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(contentType);

const refusal = (status: number, message: string, headers: Record<string, string> = {}) =>
  new ApiError('INVALID_INPUT', message, { status, headers });
