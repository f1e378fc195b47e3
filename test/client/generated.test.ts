import { readFileSync } from 'node:fs';
import { generate } from '@graphql-codegen/cli';
import { expect, test } from 'vitest';
import config from '../../codegen.ts';

test('the generated client is what the committed schema and operations generate', async () => {
  const [file] = (await generate(config, false)) as { filename: string; content: string }[];

  expect(file?.filename).toMatch(/client\/generated\.ts$/);
  expect(file?.content).toBe(readFileSync(new URL('../../client/generated.ts', import.meta.url), 'utf8'));
});
