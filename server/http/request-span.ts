import { type Attributes, contextOf, inSpan, markFailed, SpanKind } from '../tracing.ts';
import type { Exchange } from './exchange.ts';
import { type Answer, type ApiRequest, pathOf } from './message.ts';

/** Answers inside a span of its own, under the caller's when the caller names one. */
export const inRequestSpan = (
  request: ApiRequest,
  exchange: Exchange,
  answer: () => Promise<Answer>,
): Promise<Answer> =>
  inSpan(
    request.method,
    { kind: SpanKind.SERVER },
    async (span) => {
      const response = await answer();
      if (!span.isRecording()) return response;
      const { operation } = exchange;
      span.updateName(operation ? `${operation.type} ${operation.field}` : `${request.method} ${routeOf(request)}`);
      span.setAttributes(attributesOf(request, response, exchange));
      if (response.status >= 500) markFailed(span);
      return response;
    },
    contextOf(request.headers),
  );

const attributesOf = (
  request: ApiRequest,
  { status }: Answer,
  { requestId, operation, code }: Exchange,
): Attributes => ({
  'http.request.method': request.method,
  'url.path': routeOf(request),
  'http.response.status_code': status,
  'billingos.request_id': requestId,
  ...(operation && { 'graphql.operation.type': operation.type, 'billingos.field': operation.field }),
  ...(code && { 'error.type': code }),
});

/** What a path ends with below a route that ends with a slash may be the secret of a page. */
function routeOf({ url }: ApiRequest): string {
  const pathname = pathOf(url) ?? '';
  return pathname.endsWith('/graphql') ? pathname : pathname.slice(0, pathname.lastIndexOf('/') + 1);
}
