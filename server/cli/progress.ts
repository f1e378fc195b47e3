import cliProgress from 'cli-progress';
import type { ImportProgress } from '../import/imports.ts';
import { totalOf } from '../import/counts.ts';

/** Without a terminal, a plain line this often. */
const lineEveryMs = 2_000;
const steps = 1_000;

/** Shows how far an import is, how fast, and how long it may take: a bar on a terminal, plain lines elsewhere. */
export function createProgressBar(stream: NodeJS.WriteStream) {
  const startedAtMs = performance.now();
  let rowsAtStart: number | undefined;
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format: formatted,
      noTTYOutput: true,
      notTTYSchedule: lineEveryMs,
      hideCursor: true,
    },
    cliProgress.Presets.shades_classic,
  );

  function formatted(
    options: cliProgress.Options,
    { progress }: cliProgress.Params,
    payload: { rows?: number; fraction?: number },
  ) {
    const { rows = 0, fraction } = payload;
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const rate = (rows - (rowsAtStart ?? 0)) / Math.max(seconds, 0.001);
    const said = `${rows.toLocaleString('en')} rows  ${Math.round(rate).toLocaleString('en')}/s`;
    if (fraction === undefined) return said;
    const drawn = options.formatBar?.(progress, options) ?? '';
    const left = fraction === 0 ? '' : `  ${Math.ceil((seconds * (1 - fraction)) / fraction)} s left`;
    return `${stream.isTTY ? `${drawn} ` : ''}${Math.floor(progress * 100)} %  ${said}${left}`;
  }

  return {
    show({ run, fraction }: ImportProgress): void {
      const rows = totalOf(run.counts);
      if (rowsAtStart === undefined) bar.start(steps, 0, { rows, fraction });
      rowsAtStart ??= rows;
      bar.update(Math.floor((fraction ?? 0) * steps), { rows, fraction });
    },
    stop: () => bar.stop(),
  };
}
