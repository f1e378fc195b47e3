import { LRUCache } from 'lru-cache';
import { ApiError } from '../../schema/errors.ts';
import type { RequestHeaders } from './message.ts';

interface OriginRulesOptions {
  /** Origins of merchants' pages, compared letter by letter. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Where this service's own page, GraphiQL, comes from. */
  readonly ownOrigins: ReadonlySet<string>;
  /** Told once of each origin that was refused: the browser hides the reason from the page. */
  readonly onRefused: (origin: string) => void;
}

const maxRefusedOrigins = 1_000;

/** What a page of some origin may do. Cookies play no part, so that CORS without credentials is all there is. */
export function createOriginRules({ allowedOrigins, ownOrigins, onRefused }: OriginRulesOptions) {
  const refused = new LRUCache<string, true>({ max: maxRefusedOrigins });
  const isKnown = (origin: string) => ownOrigins.has(origin) || allowedOrigins.has(origin);

  function noteRefused(origin: string): void {
    if (refused.has(origin)) return;
    refused.set(origin, true);
    onRefused(origin);
  }

  const isOwnPage = (headers: RequestHeaders) =>
    ownOrigins.has(headers.get('origin') ?? '') && headers.get('sec-fetch-site') === 'same-origin';

  /** The CORS headers of an answer: none for an origin that is not allowed, none at all for a secret key. */
  function answerHeaders(headers: RequestHeaders): Record<string, string> {
    const origin = headers.get('origin');
    if (origin === null || !allowedOrigins.has(origin) || carriesSecretKey(headers)) return { vary: 'Origin' };
    return {
      vary: 'Origin',
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'x-request-id, retry-after',
    };
  }

  return {
    /** Throws before any work is done for the request. */
    check(headers: RequestHeaders): void {
      const origin = headers.get('origin');
      if (carriesSecretKey(headers) && comesFromBrowser(headers) && !isOwnPage(headers)) throw secretKeyInBrowser();
      if (origin !== null && !isKnown(origin)) throw originNotAllowed();
    },

    answerHeaders,

    /** The answer to a preflight (Fetch, section "CORS protocol"). */
    preflightHeaders(headers: RequestHeaders): Record<string, string> {
      const origin = headers.get('origin');
      if (origin !== null && !isKnown(origin)) noteRefused(origin);
      const allowed = answerHeaders(headers);
      if (allowed['access-control-allow-origin'] === undefined) return allowed;
      return {
        ...allowed,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-max-age': '7200',
      };
    },
  };
}

/** By its looks alone: also a key that is wrong does not belong into a browser. */
export const carriesSecretKey = (headers: RequestHeaders): boolean =>
  /^Bearer +sk_(?:test|live)_/i.test(headers.get('authorization') ?? '');

/** Browsers send `Sec-Fetch-Site` with every request to a trustworthy URL, and no page can change either header. */
const comesFromBrowser = (headers: RequestHeaders) => {
  const site = headers.get('sec-fetch-site');
  return headers.has('origin') || (site !== null && site !== 'none');
};

const secretKeyInBrowser = () =>
  new ApiError(
    'SECRET_KEY_IN_BROWSER',
    'A secret key must never reach a browser: this one came from a page. Create a session token on your server instead, and roll the key.',
  );

const originNotAllowed = () =>
  new ApiError('FORBIDDEN', 'This origin may not call the API from a browser: add it to BILLINGOS_ALLOWED_ORIGINS.');
