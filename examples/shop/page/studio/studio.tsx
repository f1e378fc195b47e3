import { FeatureGate, UsageMeter, useFeature, useTrackUsage } from 'billingos/react';
import { useRef, useState } from 'react';
import { exportImage } from './export-image.ts';
import { colours, Label } from './label.tsx';

/** The product itself: it draws labels for tea, and knows what its user has paid for. */
export function Studio() {
  const [tea, setTea] = useState('Sencha');
  const [colour, setColour] = useState('Leaf');
  const [wantsNoMark, setWantsNoMark] = useState(false);
  const [wantsBrush, setWantsBrush] = useState(false);
  const [saved, setSaved] = useState<readonly string[]>([]);
  const [said, setSaid] = useState('');
  const [isExporting, setIsExporting] = useState(false);
  const preview = useRef<HTMLDivElement>(null);
  const noMark = useFeature('no-mark');
  const lettering = useFeature('lettering');
  const designs = useFeature('designs');
  const trackUsage = useTrackUsage();

  // Asked first, and counted by the same call: nobody gets an export that the plan does not contain.
  async function exportLabel() {
    const drawing = preview.current?.querySelector('svg');
    if (!drawing) return;
    setIsExporting(true);
    setSaid('');
    try {
      const { outcome } = await trackUsage({ featureKey: 'exports', amount: 1, mode: 'CONSUME' });
      if (outcome === 'REFUSED') return setSaid('You have used all exports of this period.');
      await exportImage(drawing, tea);
      setSaid(`${tea || 'Your label'} was exported.`);
    } catch {
      setSaid('That did not work. Try it again.');
    } finally {
      setIsExporting(false);
    }
  }

  const mostDesigns = designs.entitlement?.amount ?? Infinity;
  const save = () => setSaved((before) => [...before, tea]);

  return (
    <section className="view" aria-labelledby="studio-title">
      <h1 id="studio-title">Label studio</h1>
      <div className="studio">
        <div className="card preview" ref={preview}>
          <Label
            tea={tea}
            colour={colours[colour] ?? ''}
            hasBrush={lettering.granted && wantsBrush}
            hasMark={!(noMark.granted && wantsNoMark)}
          />
        </div>
        <div className="card controls">
          <label htmlFor="tea">Name of the tea</label>
          <input id="tea" value={tea} maxLength={22} onChange={({ target }) => setTea(target.value)} />
          <fieldset>
            <legend>Colour</legend>
            {Object.keys(colours).map((name) => (
              <label key={name}>
                <input type="radio" name="colour" checked={colour === name} onChange={() => setColour(name)} />
                {name}
              </label>
            ))}
          </fieldset>
          <FeatureGate feature="no-mark" fallback={<Locked what="Labels without our name" plan="Studio" />}>
            <Check label="Without our name" isChecked={wantsNoMark} onChange={setWantsNoMark} />
          </FeatureGate>
          <FeatureGate feature="lettering" fallback={<Locked what="Brush lettering" plan="House, or on its own" />}>
            <Check label="Brush lettering" isChecked={wantsBrush} onChange={setWantsBrush} />
          </FeatureGate>
          <button type="button" className="primary" disabled={isExporting} onClick={() => void exportLabel()}>
            Export as PNG
          </button>
          <button type="button" disabled={saved.length >= mostDesigns} onClick={save}>
            Keep this design ({saved.length} of {Number.isFinite(mostDesigns) ? mostDesigns : 'as many as you like'})
          </button>
          <p role="status">
            {said} {said.startsWith('You have used') && <a href="#pricing">See what else there is</a>}
          </p>
          <UsageMeter feature="exports" />
        </div>
      </div>
    </section>
  );
}

interface CheckProps {
  readonly label: string;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}

const Check = ({ label, isChecked, onChange }: CheckProps) => (
  <label className="check">
    <input type="checkbox" checked={isChecked} onChange={({ target }) => onChange(target.checked)} />
    {label}
  </label>
);

const Locked = ({ what, plan }: { readonly what: string; readonly plan: string }) => (
  <p className="locked">
    {what}: <a href="#pricing">{plan}</a>
  </p>
);
