import { expect, test } from 'vitest';
import { createHarnessForTest, send, shopOrigin } from '../support/harness.ts';

test('the log names once each origin whose page is refused, because the browser hides why', async () => {
  const { app, issuers, logLines } = await createHarnessForTest();
  const preflight = (origin: string) =>
    send(app, `${issuers.test}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });

  for (const origin of ['http://localhost:5173', 'http://localhost:5173', 'https://other.example', shopOrigin]) {
    await preflight(origin);
  }
  const warnings = logLines.filter((line) => line.includes('BILLINGOS_ALLOWED_ORIGINS'));
  expect(warnings.map((line) => (JSON.parse(line) as { origin: string }).origin)).toEqual([
    'http://localhost:5173',
    'https://other.example',
  ]);
});
