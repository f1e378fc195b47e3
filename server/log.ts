import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { activeTraceId } from './tracing.ts';

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

/**
 * Secret keys, session tokens, webhook secrets and anything that is a JWT or a JWK. What stands before decides nothing: in
 * JSON, a line break is an `n`.
 */
const secrets = /([sr]k_(?:test|live)_|bos_session_(?:test|live)_|whsec_)[\w.-]+|eyJ[\w.-]+/g;
/** Also without a dot, quoted, or encoded for a URL; not the names of packages in a stack. */
const addresses =
  /(?:\\{1,8}"[^"@]{0,320}\\{1,8}"|[^\s"@<>:\\]{1,320})(?<!node_modules\/)(?:@|%40)[^\s"@<>:\\/,;()%]+/gi;
const text = String.raw`"(?:[^"\\]|\\.)*"`;
const flat = String.raw`[[{](?:${text}|[^"[\]{}])*[\]}]`;
const nested = String.raw`[[{](?:${text}|${flat}|[^"[\]{}])*[\]}]`;
/** By their names, whatever they hold: text, a list of texts, also what is no header. */
const headers = new RegExp(
  String.raw`("(?:(?:proxy-)?authorization|(?:set-)?cookie)":)(?:${text}|${nested}|[\w.+-]+)`,
  'gi',
);

/** Takes every secret and e-mail address out of a line, just before it leaves the process. */
export function redact(line: string): string {
  const safe = line
    .replace(secrets, (_secret, prefix?: string) => `${prefix ?? 'eyJ'}[redacted]`)
    .replace(headers, '$1"[redacted]"');
  // Nearly no line has one, and each has many places where one could begin.
  return safe.includes('@') || safe.includes('%40') ? safe.replace(addresses, '[address]') : safe;
}

/**
 * An error without what it quotes: a failed query repeats its parameters in its message, PostgreSQL names values in its
 * details, and stacks begin with the message.
 */
function toErrorFields(error: unknown) {
  if (!(error instanceof Error)) return { type: typeof error };
  const shown = innermost(error);
  return {
    type: shown.name,
    message: shown.message,
    code: 'code' in shown ? shown.code : undefined,
    stack: [error, shown].flatMap(framesOf),
  };
}

/** GraphQL wraps what a resolver throws, and drizzle what PostgreSQL answers: only the last one in quotes nothing. */
function innermost(error: Error): Error {
  const inner = 'originalError' in error ? error.originalError : error.cause;
  return inner instanceof Error ? innermost(inner) : error;
}

const framesOf = ({ stack = '' }: Error) => stack.split('\n').flatMap((line) => /^\s+at (.*)$/.exec(line)?.[1] ?? []);

interface LogOptions {
  readonly level: string;
  readonly destination: { write(line: string): unknown };
}

/** One JSON object a line. Redaction is at the sink: what a caller forgot to leave out does not get out. */
export function createLogger({ level, destination }: LogOptions): PinoLogger {
  const sink: DestinationStream = { write: (line) => destination.write(redact(line)) };
  return pino(
    {
      level,
      base: { service: 'billingos' },
      mixin: () => ({ traceId: activeTraceId() }),
      serializers: { err: toErrorFields },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: {
        // An error without a line of its own would give the line its message, past the serializer.
        logMethod([fields, message, ...values], method) {
          const isBare = message === undefined && typeof fields !== 'string';
          try {
            method.apply(this, [
              fields instanceof Error ? { err: fields } : fields,
              isBare ? 'without a message' : message,
              ...values,
            ]);
          } catch {
            // What cannot be written costs the line, not the request that it is about.
          }
        },
      },
    },
    sink,
  );
}
