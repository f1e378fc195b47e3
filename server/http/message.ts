/** Header values by name, whoever parsed them. Names are given in lower case. */
export interface RequestHeaders extends Iterable<[string, string]> {
  get(name: string): string | null;
  has(name: string): boolean;
}

/**
 * A request as the routes see it: its head, and a body that is read when somebody asks for it. No member is a getter: V8 puts
 * the getter of a literal among what is old, and all that it can see waits there for a full collection.
 */
export interface ApiRequest {
  readonly method: string;
  /** From the path on. What stood before it decides nothing here. */
  readonly url: string;
  readonly headers: RequestHeaders;
  /** The network address of the caller. */
  readonly address: string;
  /** All of it, once. Rejects when it did not arrive whole. */
  readBody(): Promise<Uint8Array>;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One after the other: the last of a name counts. For `{ ...one, ...other }` V8 takes microseconds, of every request. */
export const joined = (...parts: readonly (Answer['headers'] | undefined)[]): Record<string, string> =>
  Object.assign({}, ...parts);

export type Handler = (request: ApiRequest) => Promise<Answer>;

export const jsonAnswer = (status: number, content: object, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(content),
});

const anyOrigin = 'http://localhost';

/** `undefined` for what is no URL. */
export const pathOf = (url: string): string | undefined => parsed(url)?.pathname;

const parsed = (url: string): URL | undefined => (URL.canParse(url, anyOrigin) ? new URL(url, anyOrigin) : undefined);

export function fromWebRequest(request: Request, address: string): ApiRequest {
  const { pathname, search } = new URL(request.url);
  return {
    method: request.method,
    url: pathname + search,
    headers: request.headers,
    address,
    readBody: async () => new Uint8Array(await request.arrayBuffer()),
  };
}

/** For those who speak the Fetch standard; `body` is what was read. */
export const toWebRequest = ({ method, url, headers }: ApiRequest, body: Uint8Array | undefined): Request =>
  // Its path and query alone: a target may name another host, with a user and a password.
  new Request(anyOrigin + pathAndQueryOf(url), {
    method,
    headers: [...headers],
    ...(body && { body: body as BodyInit }),
  });

const pathAndQueryOf = (url: string) => `${parsed(url)?.pathname ?? '/'}${parsed(url)?.search ?? ''}`;

/** How an answer travels is for the listener to say (RFC 9110, section 7.6.1). */
const ofConnection: ReadonlySet<string> = new Set(['connection', 'content-length', 'transfer-encoding']);

export async function fromWebResponse(response: Response): Promise<Answer> {
  // Some implementations of the standard give names as they were set.
  const named = [...response.headers].map(([name, value]) => [name.toLowerCase(), value] as const);
  const headers = Object.fromEntries(named.filter(([name]) => !ofConnection.has(name)));
  return { status: response.status, headers, body: await response.text() };
}

export const toWebResponse = ({ status, headers, body }: Answer): Response =>
  new Response(body === '' ? null : body, { status, headers });
