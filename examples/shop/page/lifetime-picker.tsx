import { useState } from 'react';
import { shopApi } from './shop-api.ts';

const lifetimes = [
  { seconds: 60, label: '1 minute' },
  { seconds: 300, label: '5 minutes' },
  { seconds: 3_600, label: '1 hour' },
];

interface LifetimePickerProps {
  readonly initialSeconds: number;
  /** The next token will have another life. */
  readonly onChanged: () => void;
}

/** How long the shop's server lets a token live: it says so when it creates the session. */
export function LifetimePicker({ initialSeconds, onChanged }: LifetimePickerProps) {
  const [chosen, setChosen] = useState(initialSeconds);

  const choose = async (seconds: number) => {
    setChosen(seconds);
    await shopApi.changeTokenLifetime(seconds);
    onChanged();
  };

  return (
    <fieldset className="segments wide">
      <legend>Let tokens live for</legend>
      {lifetimes.map(({ seconds, label }) => (
        <label key={seconds}>
          <input type="radio" name="lifetime" checked={chosen === seconds} onChange={() => void choose(seconds)} />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
