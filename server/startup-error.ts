/** The process cannot start, and the message says why in one line. Whoever runs the process prints it and exits with 1. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** The first line of whatever was thrown, to end a StartupError's message with. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}
