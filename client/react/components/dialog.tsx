import { useId, useLayoutEffect, useRef, type ReactNode, type SyntheticEvent } from 'react';

export interface DialogProps {
  readonly title: string;
  /** `busy`: it stays until what was confirmed is done. */
  readonly state: 'ready' | 'busy';
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A question that is open for as long as it is there. The browser keeps the focus inside, and gives it back. */
export function Dialog({ title, state, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  // Closed before it leaves the page: only then the focus goes back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  function dismiss(event: SyntheticEvent) {
    event.preventDefault();
    if (state === 'ready') onClose();
  }

  return (
    <dialog
      ref={dialog}
      className="bos-dialog"
      aria-labelledby={titleId}
      aria-busy={state === 'busy' || undefined}
      onCancel={dismiss}
      // A browser may close without asking. In development React opens twice, and news of the first closing come late.
      onClose={({ currentTarget }) => {
        if (!currentTarget.open) onClose();
      }}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}
