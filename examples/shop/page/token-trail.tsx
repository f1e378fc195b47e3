import { useEntries } from './journal.ts';

const shown = 4;

/** The tokens that came one after another. The page went on working all the time. */
export function TokenTrail() {
  const tokens = useEntries().flatMap(({ token, id, at }) => (token === undefined ? [] : [{ token, id, at }]));
  if (tokens.length === 0) return null;
  return (
    <div className="trail">
      <h3>
        {tokens.length} {tokens.length === 1 ? 'token' : 'tokens'} so far
      </h3>
      <ol>
        {tokens
          .slice(0, shown)
          .toReversed()
          .map(({ token, id, at }) => (
            <li key={id}>
              <code>{token.slice(-5)}</code>
              <time dateTime={at.toISOString()}>{at.toLocaleTimeString('en-GB')}</time>
            </li>
          ))}
      </ol>
    </div>
  );
}
