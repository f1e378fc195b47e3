import type { InvoiceFragment, InvoiceStatus } from '../../generated.ts';
import { useInvoices } from '../billing/use-invoices.ts';
import { Button } from './button.tsx';
import { Failure } from './failure.tsx';
import { fill, type CustomerPortalLabels } from './labels.ts';
import { Section, type SectionProps } from './section.tsx';

const labelByStatus: Readonly<Record<InvoiceStatus, keyof CustomerPortalLabels & `invoice${string}`>> = {
  DRAFT: 'invoiceDraft',
  OPEN: 'invoiceOpen',
  PAID: 'invoicePaid',
  UNCOLLECTIBLE: 'invoiceUncollectible',
  VOID: 'invoiceVoid',
};

const pageSize = 10;

/** What was to be paid, newest first. */
export function InvoiceSection({ words, format }: SectionProps) {
  const answer = useInvoices({ pageSize });
  const { invoices = [], hasMore, more, loadMore } = answer;
  return (
    <Section part="invoices" title={words.invoices} words={words} answer={answer} lines={5}>
      {invoices.length === 0 ? (
        <p className="bos-empty">{words.noInvoices}</p>
      ) : (
        <table className="bos-invoices" aria-busy={more.status === 'working'}>
          <thead>
            <tr>
              <th scope="col">{words.invoiceDate}</th>
              <th scope="col" className="bos-wide">
                {words.invoiceNumber}
              </th>
              <th scope="col">{words.invoiceStatus}</th>
              <th scope="col" className="bos-number">
                {words.invoiceTotal}
              </th>
              <th scope="col">
                <span className="bos-hidden">{words.invoiceLink}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {invoices.map((invoice) => (
              <InvoiceRow key={invoice.id} {...{ invoice, words, format }} />
            ))}
          </tbody>
        </table>
      )}
      {more.error && <Failure error={more.error} words={words} />}
      {hasMore && (
        <div className="bos-actions bos-actions-start">
          <Button state={more.status === 'working' ? 'busy' : 'ready'} onClick={loadMore}>
            {words.moreInvoices}
          </Button>
        </div>
      )}
    </Section>
  );
}

type InvoiceRowProps = Pick<SectionProps, 'words' | 'format'> & { readonly invoice: InvoiceFragment };

function InvoiceRow({ invoice, words, format }: InvoiceRowProps) {
  const { id, number, status, currency, total, url, createdAt } = invoice;
  return (
    <tr>
      <td>{format.date(createdAt)}</td>
      <td className="bos-wide bos-muted">{number}</td>
      <td>
        <span className="bos-badge" data-status={status}>
          {words[labelByStatus[status]]}
        </span>
      </td>
      <td className="bos-number">{format.money(total, currency)}</td>
      <td className="bos-number">
        {url !== null && (
          <a
            className="bos-link"
            href={url}
            target="_blank"
            rel="noreferrer"
            aria-label={fill(words.invoiceLinkName, { number: number ?? id })}
          >
            {words.invoiceLink}
          </a>
        )}
      </td>
    </tr>
  );
}
