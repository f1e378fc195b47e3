import type { RequestHandler } from 'express';

/** What every site owes its visitors: no other site can act in their name, and the page loads nothing from elsewhere. */
export function protectBrowsers(billingOrigin: string): RequestHandler {
  const policy = `default-src 'self'; connect-src 'self' ${billingOrigin}; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'`;
  return (request, response, next) => {
    response.set({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead || isSameOrigin(request.headers.origin, request.headers.host)) return next();
    response.status(403).json({ code: 'FORBIDDEN', message: 'This request came from another site.' });
  };
}

/** Browsers send `Origin` with every POST, and no page can change it. */
const isSameOrigin = (origin: string | undefined, host: string | undefined) =>
  origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
