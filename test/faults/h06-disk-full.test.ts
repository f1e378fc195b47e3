import { expect, test } from 'vitest';
import { createHarnessForTest } from '../support/harness.ts';
import { fullDisks } from './support/full-disks.ts';
import { report } from './support/report.ts';
import { timeout } from './support/rounds.ts';

test.each(fullDisks)(
  'H6 with a full disk (%s) writing is a 503 and reading goes on, and both do once there is room',
  { timeout },
  async (kind, createDisk) => {
    const disk = await createDisk();
    const { merchant, graphql } = await createHarnessForTest({ connection: disk.connection });
    const create = () =>
      graphql(
        merchant.secretKey,
        'mutation ($input: CreateSessionInput!) { createSession(input: $input) { sessionToken session { id } } }',
        { input: { externalUserId: 'ada', metadata: { note: 'x'.repeat(1_900) } } },
      );
    const before = (await create()).data?.['createSession'];
    const read = async () => [
      (await graphql(before.sessionToken, '{ viewer { externalUserId } }')).data,
      (await graphql(merchant.secretKey, 'query ($id: ID!) { session(id: $id) { status } }', { id: before.session.id }))
        .data,
    ];
    const [viewer, session] = [{ viewer: { externalUserId: 'ada' } }, { session: { status: 'ACTIVE' } }];

    await disk.fill();
    // A table has room on its last page for a while.
    const answers = [];
    for (let at = 0; at < 200 && answers.at(-1)?.status !== 503; at++) answers.push(await create());
    expect(answers.at(-1)).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    expect(answers.at(-1)?.headers.get('retry-after')).toBe('1');
    expect(answers.at(-1)?.text).not.toMatch(/space|extend|disk/i);
    expect(answers.slice(0, -1).map(({ status }) => status)).toEqual(answers.slice(1).map(() => 200));
    expect(await read()).toEqual([viewer, session]);

    await disk.clear();
    await expect.poll(async () => (await create()).status).toBe(200);
    expect(await read()).toEqual([viewer, session]);
    const acknowledged = answers.slice(0, -1).map(({ data }) => data?.['createSession'].session.id);
    for (const id of acknowledged) expect(await merchant.billingos.session(id)).toMatchObject({ id });
    report({
      fault: `H6 a full disk: ${kind}`,
      figures: { 'acknowledged writes': acknowledged.length + 2, lost: 0, 'wrong answers': 0 },
    });
  },
);
