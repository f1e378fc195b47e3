import { expect, test } from 'vitest';
import { createHealth } from '../../server/http/health.ts';

function createChecked() {
  let questions = 0;
  let answer: (() => void) | undefined;
  const ping = () => {
    questions += 1;
    return new Promise<void>((resolve) => (answer = resolve));
  };
  const health = createHealth({ ping, isFeedFresh: () => true, isStopping: () => false });
  return { health, questions: () => questions, answer: () => answer?.() };
}

test('all who ask together whether the server is ready cost the database one question', async () => {
  const { health, questions, answer } = createChecked();
  const asked = Promise.all(Array.from({ length: 100 }, () => health.ready()));
  answer();

  expect((await asked).map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 200));
  expect(questions()).toBe(1);
});

test('who asks later gets an answer of their own', async () => {
  const { health, questions, answer } = createChecked();
  const first = health.ready();
  answer();
  await first;
  const second = health.ready();
  answer();
  await second;
  expect(questions()).toBe(2);
});
