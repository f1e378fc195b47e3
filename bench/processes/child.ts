import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A Node process that said it is ready. */
export interface Child {
  readonly pid: number;
  /** What it said until then. */
  readonly output: string;
  /** From the start of the process until then. */
  readonly readyAfterMs: number;
  /** Asks it to end, and resolves when it has. */
  stop(): Promise<void>;
}

interface ChildOptions {
  /** What follows `node`. */
  readonly arguments: readonly string[];
  /** All of its environment but `PATH` and `HOME`. */
  readonly env?: Readonly<Record<string, string>>;
  /** A file descriptor, or the terminal. */
  readonly stderr?: number | 'inherit';
  /** What it writes to stdout when it is ready. */
  readonly readyPattern: RegExp;
}

const patienceMs = 30_000;

export async function startChild(options: ChildOptions): Promise<Child> {
  const { PATH = '', HOME = '' } = process.env;
  const startedAt = performance.now();
  const child = spawn(process.execPath, options.arguments, {
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', options.stderr ?? 'inherit'],
  });
  const { stdout } = child;
  const exited = once(child, 'exit');

  async function stop(): Promise<void> {
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(timer);
  }

  let output = '';
  const ready = new Promise<void>((resolve) => {
    stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (options.readyPattern.test(output)) resolve();
    });
  });
  const ended = exited.then(() => {
    throw new Error(`${options.arguments.join(' ')} ended before it was ready: ${output}`);
  });
  await Promise.race([ready, ended]);
  return { pid: child.pid ?? 0, output, readyAfterMs: performance.now() - startedAt, stop };
}
