import { createHash } from 'node:crypto';
import type { AmountLine } from '../../schema/billing.ts';
import { ApiError } from '../../schema/errors.ts';
import { cardOfLastFour, testCards } from '../payments/simulator/cards.ts';
import type { CheckoutPage, Payment, PortalPage } from '../payments/simulator/desk.ts';
import type { InvoiceRow } from '../payments/simulator/desk.ts';
import type { Answer } from './message.ts';
import { html, type Html } from './html.ts';
import { paymentStyles } from './payment-styles.ts';

/** What is said of a payment that did not go through. */
const messages: Readonly<Record<Exclude<Payment, 'paid' | 'authenticate'>, string>> = {
  declined: 'Your card was declined. Nothing was charged: try another one.',
  unknownCard: 'Only the test cards below work here. A real card must never be entered on a test page.',
  hasSubscription: 'You have a subscription already: change its plan instead.',
  expired: 'This page has expired. Go back and start again.',
};

export const messageOf = (payment: Payment): string | undefined =>
  payment === 'paid' || payment === 'authenticate' ? undefined : messages[payment];

export function checkoutPage({ checkout, price, amount }: CheckoutPage, message?: string): Html {
  const money = format(amount, price.currency);
  return layout(
    'Test checkout',
    html`<p class="muted">${checkout.quantity > 1 ? `${checkout.quantity} × ` : ''}${price.productName}</p>
      <h1>${money}${price.recurring ? html` <small>${every(price.recurring)}</small>` : ''}</h1>
      ${alert(message)} ${cardForm('pay', `Pay ${money}`)}
      <p><a href="${checkout.cancelUrl}">Cancel and go back</a></p>`,
  );
}

export const authenticationPage = ({ price, amount }: CheckoutPage, cardNumber: string): Html =>
  layout(
    'Authentication',
    html`<h1>Your bank asks: is it you?</h1>
      <p>You are about to pay ${format(amount, price.currency)} for ${price.productName}.</p>
      <form method="post">
        <input type="hidden" name="card" value="${cardNumber}" />
        <button name="action" value="authenticate">It is me</button>
        <button name="action" value="refuse" class="quiet">It is not me</button>
      </form>`,
  );

export const paidPage = ({ checkout }: CheckoutPage): Html =>
  layout(
    'Paid',
    html`<h1>This is paid.</h1>
      <p><a href="${checkout.successUrl}">Go on</a></p>`,
  );

export function portalPage({ returnUrl, cardLastFour, invoices }: PortalPage, message?: string): Html {
  const card = cardOfLastFour(cardLastFour);
  return layout(
    'Test portal',
    html`<h1>How you pay</h1>
      <p>${card ? `Your card is ${card.brand} •••• ${cardLastFour ?? ''}.` : 'There is no card yet.'}</p>
      ${alert(message)} ${cardForm('replace', 'Use this card')}
      <h2>Invoices</h2>
      ${invoices.length === 0 ? html`<p class="muted">There are none yet.</p>` : ''}
      ${invoices.map(
        ({ number, createdAt, total, currency, status }) =>
          html`<div class="line">
            <span>${number} · ${day(createdAt)} · ${status}</span><span>${format(total, currency)}</span>
          </div>`,
      )}
      <p><a href="${returnUrl}">Go back</a></p>`,
  );
}

export const invoicePage = (invoice: InvoiceRow): Html =>
  layout(
    `Invoice ${invoice.number}`,
    html`<p class="muted">${day(invoice.createdAt)} · ${invoice.status}</p>
      <h1>Invoice ${invoice.number}</h1>
      ${invoice.lines.map((line: AmountLine) => lineHtml(line.description, line.amount, invoice.currency))}
      ${lineHtml('Total', invoice.total, invoice.currency)} ${lineHtml('Paid', invoice.amountPaid, invoice.currency)}`,
  );

export const gonePage = (): Html =>
  layout(
    'Nothing here',
    html`<h1>Nothing is here.</h1>
      <p>${messages.expired}</p>`,
  );

const lineHtml = (what: string, amount: number, currency: string) =>
  html`<div class="line"><span>${what}</span><span>${format(amount, currency)}</span></div>`;

const alert = (message: string | undefined) =>
  message === undefined ? undefined : html`<p role="alert" class="alert">${message}</p>`;

const cardForm = (action: 'pay' | 'replace', label: string) =>
  html`<form method="post">
    <label for="card">Card number</label>
    <input id="card" name="card" inputmode="numeric" autocomplete="off" value="4242 4242 4242 4242" required />
    <button name="action" value="${action}">${label}</button>
    <details>
      <summary>Test cards</summary>
      <dl>
        ${testCards.map(
          ({ number, title }) =>
            html`<div>
              <dt>${number.replaceAll(/(.{4})(?=.)/g, '$1 ')}</dt>
              <dd>${title}</dd>
            </div>`,
        )}
      </dl>
    </details>
  </form>`;

const layout = (title: string, content: Html) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        <header class="badge">Test mode: no money is moved</header>
        <main>${content}</main>
      </body>
    </html>`;

const styleElement = paymentStyles.element;

/** Styles of these pages and no others, nothing else, and forms that come back here or lead to the merchant's page. */
const policyFor = (returnUrls: readonly string[]) =>
  [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(paymentStyles.text).digest('base64')}'`,
    ["form-action 'self'", ...new Set(returnUrls.map((url) => new URL(url).origin))].join(' '),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

export const pageAnswer = (page: Html, status: number, returnUrls: readonly string[] = []): Answer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policyFor(returnUrls) },
  body: page.text,
});

export function format(amount: number, currency: string): string {
  const formatter = new Intl.NumberFormat('en', { style: 'currency', currency: currency.toUpperCase() });
  return formatter.format(amount / 10 ** (formatter.resolvedOptions().maximumFractionDigits ?? 2));
}

const every = ({ interval, intervalCount }: { readonly interval: string; readonly intervalCount: number }) =>
  intervalCount === 1 ? `per ${interval}` : `every ${intervalCount} ${interval}s`;

const day = (date: Date) => date.toISOString().slice(0, 10);

export const notAForm = () => new ApiError('INVALID_INPUT', 'This is not a form of this page.', { status: 415 });
