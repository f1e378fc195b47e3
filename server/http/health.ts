import { type Answer, jsonAnswer } from './message.ts';

interface HealthOptions {
  /** Rejects when the database does not answer. */
  readonly ping: () => Promise<void>;
  readonly isFeedFresh: () => boolean;
  readonly isStopping: () => boolean;
}

export const healthPaths = { live: '/livez', ready: '/readyz' } as const;

export const isHealthPath = (path: string | undefined): boolean =>
  path === healthPaths.live || path === healthPaths.ready;

const answer = (status: 200 | 503, state: string) =>
  jsonAnswer(status, { status: state }, { 'cache-control': 'no-store' });

/** Alive: the process answers. Ready: it should be sent requests. A process that stops is alive, and not ready. */
export function createHealth({ ping, isFeedFresh, isStopping }: HealthOptions) {
  let asked: Promise<boolean> | undefined;

  /** Asked by anybody, as often as they like: all who ask together share one question to the database. */
  function hasDatabase(): Promise<boolean> {
    asked ??= ping()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        asked = undefined;
      });
    return asked;
  }

  async function ready(): Promise<Answer> {
    if (isStopping()) return answer(503, 'stopping');
    if (!(await hasDatabase())) return answer(503, 'database unreachable');
    return isFeedFresh() ? answer(200, 'ready') : answer(503, 'revocation feed behind');
  }

  return { live: () => answer(200, 'alive'), ready };
}
