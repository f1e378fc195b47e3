import { useId } from 'react';

export interface Action {
  readonly name: string;
  readonly effect: string;
  readonly run: () => void | Promise<void>;
}

interface ActionListProps {
  readonly title: string;
  readonly lead: string;
  readonly actions: readonly Action[];
  readonly disabled: boolean;
}

/** Buttons that say what they will do. */
export function ActionList({ title, lead, actions, disabled }: ActionListProps) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={`${id}title`}>
      <h2 id={`${id}title`}>{title}</h2>
      <p>{lead}</p>
      <ul className="actions">
        {actions.map(({ name, effect, run }) => (
          <li key={name}>
            <button type="button" disabled={disabled} aria-describedby={`${id}${name}`} onClick={() => void run()}>
              {name}
            </button>
            <p id={`${id}${name}`}>{effect}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
