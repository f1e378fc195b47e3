import { shopApi, type User } from './shop-api.ts';
import { type View, views } from './view.ts';

export type Mode = 'automatic' | 'manual';

const modes: Readonly<Record<Mode, string>> = { automatic: 'Automatic', manual: 'Manual' };

interface HeaderProps {
  readonly user: User | undefined;
  readonly view: View;
  readonly mode: Mode;
  readonly onMode: (mode: Mode) => void;
}

export function Header({ user, view, mode, onMode }: HeaderProps) {
  return (
    <header>
      <p className="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M7 13h15v7a6 6 0 0 1-6 6h-3a6 6 0 0 1-6-6zM22 15h2a3 3 0 0 1 0 6h-2M11 9c0-2 2-2 2-4M16 9c0-2 2-2 2-4" />
        </svg>
        Kettle & Crane
      </p>
      {user && (
        <>
          <nav aria-label="Parts of the shop">
            {Object.entries(views).map(([name, label]) => (
              <a key={name} href={`#${name}`} aria-current={view === name ? 'page' : undefined}>
                {label}
              </a>
            ))}
          </nav>
          {view === 'tokens' && (
            <fieldset className="segments">
              <legend className="unseen">How the page gets its tokens</legend>
              {Object.entries(modes).map(([name, label]) => (
                <label key={name}>
                  <input type="radio" name="mode" checked={mode === name} onChange={() => onMode(name as Mode)} />
                  {label}
                </label>
              ))}
            </fieldset>
          )}
          <p className="who">
            <span className="avatar" aria-hidden="true">
              {initialsOf(user.name)}
            </span>
            {user.name}
          </p>
          <button type="button" onClick={() => void switchUser()}>
            Switch user
          </button>
        </>
      )}
    </header>
  );
}

/** The login ends at the shop, and whatever the page held of it goes with the page. */
async function switchUser() {
  await shopApi.logout();
  location.reload();
}

export const initialsOf = (name: string): string =>
  name
    .split(' ')
    .map((word) => word.charAt(0))
    .join('');
