import type { ReactNode } from 'react';

export interface ButtonProps {
  readonly kind?: 'primary' | 'secondary' | 'danger' | 'link';
  /** One that is busy or off does nothing; it keeps the focus. */
  readonly state?: 'ready' | 'busy' | 'off';
  readonly onClick: () => void;
  readonly children: ReactNode;
  readonly className?: string | undefined;
}

export function Button({ kind = 'secondary', state = 'ready', onClick, children, className = '' }: ButtonProps) {
  return (
    <button
      type="button"
      className={`bos-button bos-button-${kind} ${className}`.trim()}
      aria-disabled={state !== 'ready' || undefined}
      aria-busy={state === 'busy' || undefined}
      onClick={state === 'ready' ? onClick : undefined}
    >
      {children}
    </button>
  );
}
