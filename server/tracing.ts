import {
  context,
  type Context,
  propagation,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  trace,
  type TextMapGetter,
} from '@opentelemetry/api';

export { type Attributes, SpanKind } from '@opentelemetry/api';

// It passes on to the SDK that the process was started with. Without one, nothing happens and nothing is kept.
const tracer = trace.getTracer('billingos');

const headerGetter: TextMapGetter<IncomingHeaders> = {
  get: (headers, name) => headers.get(name) ?? undefined,
  keys: (headers) => [...headers].map(([name]) => name),
};

/** Of a request, by names in lower case. */
type IncomingHeaders = Iterable<[string, string]> & Pick<Headers, 'get'>;

/** What a caller's headers say it is doing (W3C Trace Context, when the SDK reads that). */
export const contextOf = (headers: IncomingHeaders): Context =>
  propagation.extract(context.active(), headers, headerGetter);

/** Does the work inside a span, which ends with it. */
export async function inSpan<Result>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<Result>,
  parent = context.active(),
): Promise<Result> {
  const span = tracer.startSpan(name, options, parent);
  try {
    return await context.with(trace.setSpan(parent, span), work, undefined, span);
  } catch (error) {
    // Not the exception: a failed statement repeats its values in its message.
    if (error instanceof Error) span.setAttribute('error.type', error.name);
    markFailed(span);
    throw error;
  } finally {
    span.end();
  }
}

/** That it failed on our side. */
export const markFailed = (span: Span): void => void span.setStatus({ code: SpanStatusCode.ERROR });

/** Whether what happens now belongs to a trace that somebody keeps. */
export const isTraced = (): boolean => trace.getActiveSpan()?.isRecording() === true;

/** 32 hexadecimal digits; `undefined` outside a trace. */
export function activeTraceId(): string | undefined {
  const found = trace.getActiveSpan()?.spanContext();
  return found && trace.isSpanContextValid(found) ? found.traceId : undefined;
}

/** Remembers where it was called: what is run later by somebody else's turn still belongs there. */
export function here(): <Result>(work: () => Result) => Result {
  const then = context.active();
  return (work) => context.with(then, work);
}
