import { describe, expect, test } from 'vitest';
import { createRateLimits } from '../../server/http/rate-limit.ts';

const failures = 30;

async function afterFailuresAt(address: string) {
  const limits = createRateLimits({ requestsPerMinute: 0 });
  for (let count = 0; count < failures; count++) await limits.countFailure(address);
  return limits;
}

describe('failures count', () => {
  test('together for all addresses of one IPv6 network', async () => {
    const limits = await afterFailuresAt('2001:db8:1:2::1');
    await expect(limits.refuseAfterFailures('2001:db8:1:2:ffff::9')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  test('apart for two IPv6 networks', async () => {
    const limits = await afterFailuresAt('2001:db8:1:2::1');
    await expect(limits.refuseAfterFailures('2001:db8:1:3::1')).resolves.toBeUndefined();
  });

  test('together for an IPv4 address in both its spellings', async () => {
    const limits = await afterFailuresAt('::ffff:203.0.113.7');
    await expect(limits.refuseAfterFailures('203.0.113.7')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });
});

test('a key is told how long to wait once it has used up its minute', async () => {
  const limits = createRateLimits({ requestsPerMinute: 2 });
  await limits.countRequest('key_1');
  await limits.countRequest('key_1');

  await expect(limits.countRequest('key_1')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    extensions: { retryAfterSeconds: 60 },
  });
  await expect(limits.countRequest('key_2')).resolves.toBeUndefined();
});

test('without a limit no key is counted', async () => {
  const limits = createRateLimits({ requestsPerMinute: 0 });
  await Promise.all(Array.from({ length: 1_000 }, () => limits.countRequest('key_1')));
});
