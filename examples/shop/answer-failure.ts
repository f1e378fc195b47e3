import type { ErrorRequestHandler } from 'express';

/** What went wrong is for the terminal: Express itself would show the browser where in the code it was. */
export const answerFailure: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error);
  if (isUnreadable(error)) return void response.status(400).json({ code: 'INVALID_INPUT', message: 'Send JSON.' });
  process.stderr.write(`${String(error)}\n`);
  response.status(500).json({ code: 'INTERNAL_SERVER_ERROR', message: 'The shop made a mistake.' });
};

/** `express.json()` marks what the sender may know: that the body is none that it can read. */
const isUnreadable = (error: unknown): boolean => error instanceof Error && 'expose' in error && error.expose === true;
