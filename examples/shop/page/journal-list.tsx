import { useEntries } from './journal.ts';

/** What happened so far, newest first. */
export function JournalList() {
  const entries = useEntries();
  return (
    <section className="card" aria-labelledby="journal-title">
      <h2 id="journal-title">As it happens</h2>
      <ol className="journal" role="log" aria-labelledby="journal-title" tabIndex={0}>
        {entries.map(({ id, at, tone, title, detail }) => (
          <li key={id} className={tone}>
            <time dateTime={at.toISOString()}>{at.toLocaleTimeString('en-GB')}</time>
            <span>
              {title}
              {detail && <small>{detail}</small>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
