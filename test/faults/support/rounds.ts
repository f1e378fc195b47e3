/**
 * How much of the full counts: `npm run faults` sets FAULTS=1, and a tenth of it is FAULTS=0.1. Without it everything happens
 * a few times, for every change.
 */
const share = Number(process.env['FAULTS'] ?? '0');

export const rounds = (few: number, many: number): number => Math.max(few, Math.round(many * share));

/** What a time is compared with: where other tests run beside, less strictly. */
export const boundMs = ({ alone, beside }: { alone: number; beside: number }): number => (share > 0 ? alone : beside);

/** How long the long load goes on; FAULT_MINUTES=60 is an hour. */
export const longLoadMs = share > 0 ? Number(process.env['FAULT_MINUTES'] ?? '10') * 60_000 : 3_000;

/** For tests whose rounds take a while. */
export const timeout = share > 0 ? 7_200_000 : 600_000;
