import { useUsedQuotas } from '../billing/use-used-quotas.ts';
import { Section, type SectionProps } from './section.tsx';
import { UsageBar } from './usage-bar.tsx';

/** What was used of every quota. */
export function UsageSection({ words, format }: SectionProps) {
  const answer = useUsedQuotas();
  const { usages = [] } = answer;
  return (
    <Section part="usage" title={words.usage} words={words} answer={answer} lines={3}>
      {usages.length === 0 && <p className="bos-empty">{words.noUsage}</p>}
      {usages.map((usage) => (
        <UsageBar key={usage.feature.key} {...{ usage, words, format }} />
      ))}
    </Section>
  );
}
