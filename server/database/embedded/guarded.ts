import { spawn } from 'node:child_process';
import type { Account } from './account.ts';

/**
 * A shell starts the program and holds a pipe from us. When the pipe closes, because we say so or because we died of
 * anything, it interrupts the program until that ends: an interrupt that comes before the program listens is lost.
 * Signals to the shell are ignored, so that a service manager that signals every process cannot orphan the program.
 */
const guard = `
  trap '' HUP INT TERM
  exec 3<&0
  "$@" </dev/null 3<&- & program=$!
  { read -r _ <&3; while kill -INT $program; do sleep 1; done; } >/dev/null 2>&1 & watcher=$!
  wait $program; status=$?
  kill -KILL $watcher
  exit $status`;

const keptCharacters = 4_000;

/** A program that cannot outlive this process, and that the terminal's Ctrl-C does not reach. */
export interface Guarded {
  /** Resolves with the exit code, also for a program that could not be started. */
  ended: Promise<number>;
  /** Interrupts the program, and resolves when it has ended. */
  interrupt(): Promise<void>;
  onOutput(listener: (text: string) => void): void;
  /** The last failures that the program reported, in one line. */
  complaint(): string;
}

interface Program {
  path: string;
  arguments: string[];
  workingDirectory: string;
  account: Account | undefined;
}

export function spawnGuarded(program: Program): Guarded {
  const child = spawn('/bin/sh', ['-c', guard, 'sh', program.path, ...program.arguments], {
    cwd: program.workingDirectory,
    // Not ours: PGPORT and its kin would change what we start, a locale the messages that we read.
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
    ...program.account,
  });
  let output = '';
  const note = (text: string) => (output = (output + text).slice(-keptCharacters));
  child.stderr.setEncoding('utf8').on('data', note);
  // Closing the pipe of a program that has just ended is no failure.
  child.stdin.on('error', () => undefined);

  const ended = new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? 1));
    child.once('error', (error) => {
      note(error.message);
      resolve(1);
    });
  });
  return {
    ended,
    interrupt: async () => {
      child.stdin.end();
      await ended;
    },
    onOutput: (listener) => void child.stderr.on('data', listener),
    complaint: () => complaintIn(output),
  };
}

function complaintIn(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const failures = lines.filter((line) => /\b(FATAL|PANIC|error):/.test(line));
  const telling = failures.length > 0 ? failures : lines;
  return telling.slice(-2).join('; ') || 'it said nothing';
}
