import { type Destination, type Entry, useEntries } from './journal.ts';

interface Hop {
  readonly from: Place;
  readonly to: Place;
  readonly title: string;
  readonly detail: string;
  /** The requests that show this hop at work; `granted`: only those that were not refused. */
  readonly shownBy: { readonly destination: Destination; readonly when: 'asked' | 'granted' };
}

type Place = 1 | 2 | 3;

const places = [
  { name: 'This page', what: 'the customer’s browser', where: 'holds the token, in memory' },
  { name: 'The shop’s server', what: 'the merchant’s, so yours', where: 'holds the secret key' },
  { name: 'Billing service', what: 'this project', where: 'checks every token' },
];

const hops: readonly Hop[] = [
  {
    from: 1,
    to: 2,
    shownBy: { destination: 'shop', when: 'asked' },
    title: 'GET /api/billingos-session',
    detail: 'with the shop’s own login cookie',
  },
  {
    from: 2,
    to: 3,
    shownBy: { destination: 'shop', when: 'granted' },
    title: 'createSession',
    detail: 'for this user, with the key sk_test_…',
  },
  {
    from: 3,
    to: 1,
    shownBy: { destination: 'shop', when: 'granted' },
    title: 'session token',
    detail: 'bos_session_test_… for one customer, for a short time',
  },
  {
    from: 1,
    to: 3,
    shownBy: { destination: 'service', when: 'asked' },
    title: 'query Viewer',
    detail: 'with the token, straight to the API',
  },
];

/** Who says what to whom. A step lights up when it happens. */
export function Flow() {
  const entries = useEntries();
  return (
    <section className="card flow" aria-labelledby="flow-title">
      <h2 id="flow-title">Key → session → token → API</h2>
      <div className="stage">
        {places.map(({ name, what, where }) => (
          <div key={name} className="place">
            <strong>{name}</strong>
            <span>{what}</span>
            <small>{where}</small>
          </div>
        ))}
        <ol className="hops">
          {hops.map((hop, index) => (
            <HopRow key={hop.title} hop={hop} step={index + 1} latest={latestOf(entries, hop)} />
          ))}
        </ol>
      </div>
    </section>
  );
}

interface HopRowProps {
  readonly hop: Hop;
  readonly step: number;
  readonly latest: Entry | undefined;
}

function HopRow({ hop, step, latest }: HopRowProps) {
  const [left, right] = [Math.min(hop.from, hop.to), Math.max(hop.from, hop.to)];
  // Half columns, so that an arrow runs from the middle of one place to the middle of another.
  const style = { gridColumn: `${left * 2} / ${right * 2}` };
  const direction = hop.from < hop.to ? 'there' : 'back';
  return (
    // A new key starts the animation again.
    <li key={latest?.id} className={`hop ${direction} ${latest?.tone ?? 'still'}`}>
      <span className="label" style={style}>
        <b>{step}</b> <code>{hop.title}</code>
        <small>{hop.detail}</small>
      </span>
      <span className="arrow" style={style} aria-hidden="true">
        <i />
      </span>
    </li>
  );
}

const latestOf = (entries: readonly Entry[], { shownBy: { destination, when } }: Hop): Entry | undefined =>
  entries.find((entry) => entry.destination === destination && (when === 'asked' || entry.tone !== 'bad'));
