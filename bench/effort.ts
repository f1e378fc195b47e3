/** How much is measured: enough to trust, or just enough to see that it runs. */
export interface Effort {
  readonly load: { readonly rounds: number; readonly warmUpSeconds: number; readonly sampleSeconds: number };
  /** Of what is measured in this process. */
  readonly inProcessRounds: number;
  /** Of processes that are started anew. */
  readonly startRounds: number;
  readonly growth: {
    /** Powers of ten: how many sessions, and as many customers. The first is what the others are compared with. */
    readonly exponents: readonly number[];
    readonly rounds: number;
    /** In all rounds and one before them together at most as many as the smallest size has: each customer is met once. */
    readonly customersPerRound: number;
  };
  readonly liveSessions: number;
}

export const fullEffort = (largestExponent: number): Effort => ({
  load: { rounds: 9, warmUpSeconds: 3, sampleSeconds: 2 },
  inProcessRounds: 31,
  startRounds: 5,
  growth: { exponents: exponentsTo(largestExponent), rounds: 5, customersPerRound: 160 },
  liveSessions: 100_000,
});

export const quickEffort = (largestExponent: number): Effort => ({
  load: { rounds: 2, warmUpSeconds: 1, sampleSeconds: 1 },
  inProcessRounds: 2,
  startRounds: 2,
  growth: { exponents: exponentsTo(largestExponent), rounds: 2, customersPerRound: 50 },
  liveSessions: 2_000,
});

const smallestExponent = 3;

const exponentsTo = (largest: number) =>
  Array.from({ length: largest - smallestExponent + 1 }, (_none, index) => smallestExponent + index);
