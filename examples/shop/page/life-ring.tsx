import { useEffect, useState } from 'react';

interface LifeRingProps {
  readonly lifetimeMs: number | undefined;
  readonly remainingMs: () => number | undefined;
}

const radius = 44;
const circumference = 2 * Math.PI * radius;

/** A ring that empties while a token lives, and is full again with the next one. */
export function LifeRing({ lifetimeMs, remainingMs }: LifeRingProps) {
  useTick(250);
  const leftMs = remainingMs() ?? 0;
  const share = lifetimeMs === undefined ? 0 : leftMs / lifetimeMs;
  const text = lifetimeMs === undefined ? 'No token' : `${clockOf(leftMs)} left`;

  return (
    <div
      className="ring"
      role="progressbar"
      aria-label="Remaining life of the token"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      aria-valuetext={text}
    >
      <svg viewBox="0 0 100 100" aria-hidden="true">
        <circle className="track" cx="50" cy="50" r={radius} />
        <circle
          className={share < 0.2 ? 'life short' : 'life'}
          cx="50"
          cy="50"
          r={radius}
          strokeDasharray={circumference}
          strokeDashoffset={circumference * (1 - share)}
        />
      </svg>
      <span>{lifetimeMs === undefined ? '–' : clockOf(leftMs)}</span>
    </div>
  );
}

function clockOf(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Renders again and again: time is not a state of the session. */
function useTick(everyMs: number): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}
