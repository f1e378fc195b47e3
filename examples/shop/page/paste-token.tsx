import type { SubmitEvent } from 'react';

/** For a token that was created elsewhere, in a terminal for example. */
export function PasteToken({ onToken }: { readonly onToken: (token: string) => void }) {
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token');
    event.currentTarget.reset();
    if (typeof token === 'string' && token.trim() !== '') onToken(token.trim());
  };

  return (
    <form className="paste" onSubmit={submit}>
      <label htmlFor="paste">Or paste a token that you created yourself</label>
      <input
        id="paste"
        name="token"
        type="password"
        autoComplete="off"
        spellCheck={false}
        placeholder="Session token"
      />
      <button type="submit">Use it</button>
    </form>
  );
}
