import { useCallback, useRef, useState } from 'react';
import type { BillingOSError } from '../../errors.ts';

/** Where something stands that the customer set off. */
export type ActionState =
  | { readonly status: 'idle'; readonly error?: undefined }
  | { readonly status: 'working'; readonly error?: undefined }
  | { readonly status: 'done'; readonly error?: undefined }
  | { readonly status: 'failed'; readonly error: BillingOSError };

const idle = { status: 'idle' } as const;

export interface Action<Parameters extends readonly unknown[], Result> {
  readonly state: ActionState;
  /** Of the last one that succeeded. */
  readonly result: Result | undefined;
  /** Never rejects: `undefined` when it failed. A later run takes the place of one under way. */
  readonly run: (...parameters: Parameters) => Promise<Result | undefined>;
  readonly reset: () => void;
}

/** @param act throws nothing but a BillingOSError. */
export function useAction<Parameters extends readonly unknown[], Result>(
  act: (...parameters: Parameters) => Promise<Result>,
): Action<Parameters, Result> {
  const [state, setState] = useState<ActionState>(idle);
  const [result, setResult] = useState<Result>();
  const turns = useRef(0);

  const run = useCallback(
    async (...parameters: Parameters) => {
      const turn = (turns.current += 1);
      const isLatest = () => turn === turns.current;
      setState({ status: 'working' });
      try {
        const answer = await act(...parameters);
        if (isLatest()) {
          setResult(() => answer);
          setState({ status: 'done' });
        }
        return answer;
      } catch (error) {
        if (isLatest()) setState({ status: 'failed', error: error as BillingOSError });
      }
    },
    [act],
  );

  const reset = useCallback(() => {
    turns.current += 1;
    setResult(undefined);
    setState(idle);
  }, []);

  return { state, result, run, reset };
}
