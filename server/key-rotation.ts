import type { Logger } from './log.ts';
import type { SigningKeys } from './token/signing-keys.ts';

interface KeyRotationOptions {
  readonly signingKeys: Pick<SigningKeys, 'rotateOlderThan'>;
  /** How long a key signs before the next one is made; 0 is for ever. */
  readonly rotationDays: number;
  readonly logger: Logger;
}

const everyMs = 600_000;
const dayMs = 86_400_000;

/** Makes the next signing keys when it is time. Each process looks; one of them makes it. */
export function createKeyRotation({ signingKeys, rotationDays, logger }: KeyRotationOptions) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function rotateDue(): Promise<void> {
    if (rotationDays === 0) return;
    for (const environment of await signingKeys.rotateOlderThan(rotationDays * dayMs)) {
      logger.info({ environment }, 'the next signing key was made: it signs in a day');
    }
  }

  const rotateQuietly = () =>
    rotateDue().catch((error: unknown) => logger.warn({ err: error }, 'signing keys were not rotated'));

  const look = () => void (running ??= rotateQuietly().finally(() => (running = undefined)));

  return {
    rotateDue,
    start(): void {
      // At once, too: a process that is often restarted must not put it off for ever.
      look();
      timer = setInterval(look, everyMs).unref();
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await running;
    },
  };
}
