import { drained, serveBare } from './server.ts';

serveBare(async (request) => {
  await drained(request);
  return '{}';
});
