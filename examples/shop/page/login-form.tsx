import { initialsOf } from './header.tsx';
import { type Login, shopApi, type User } from './shop-api.ts';

interface LoginFormProps {
  readonly users: readonly User[];
  readonly onLogin: (login: Login | null) => void;
}

/** The shop's own login. A real one asks for a password; billing never hears of it. */
export function LoginForm({ users, onLogin }: LoginFormProps) {
  const logIn = async (userId: string) => onLogin((await shopApi.login(userId)).login);

  return (
    <section className="hero" aria-labelledby="hero-title">
      <p className="eyebrow">A demo of session tokens</p>
      <h1 id="hero-title">Billing inside your app, without a second login</h1>
      <p className="lead">
        This page belongs to a shop. Log in at the shop as one of three people, and watch how its server turns that
        login into a short-lived token, how this page calls the billing service with it, and how it is renewed while
        nobody notices. Then see what it is for: the label studio, its plans and your billing.
      </p>
      <ul className="people">
        {users.map((user) => (
          <li key={user.id}>
            <button type="button" onClick={() => void logIn(user.id)}>
              <span className="avatar" aria-hidden="true">
                {initialsOf(user.name)}
              </span>
              <span>
                <strong>Log in as {user.name}</strong>
                <small>{user.about}</small>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
