// Traces of BillingOS: node --import ./otel.mjs dist/server/cli/main.js serve
//
// npm install @opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-http
//
// With OTEL_EXPORTER_OTLP_ENDPOINT (http://collector:4318) spans go there, without it to standard output.
// OTEL_TRACES_SAMPLER=traceidratio and OTEL_TRACES_SAMPLER_ARG=0.01 keep one trace in a hundred, whatever callers ask for.
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';

const provider = new NodeTracerProvider({
  spanProcessors: [
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT
      ? new BatchSpanProcessor(new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter())
      : new SimpleSpanProcessor(new ConsoleSpanExporter()),
  ],
});
provider.register();

// The last spans are sent before the process ends.
process.once('beforeExit', () => void provider.shutdown());
