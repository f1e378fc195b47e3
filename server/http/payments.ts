import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Desk, Payment } from '../payments/simulator/desk.ts';
import { type PageAddress, pageAddressOf } from '../payments/simulator/page-url.ts';
import { createFrame } from './frame.ts';
import { type Answer, type ApiRequest, type Handler, pathOf } from './message.ts';
import {
  authenticationPage,
  checkoutPage,
  gonePage,
  invoicePage,
  messageOf,
  notAForm,
  pageAnswer,
  paidPage,
  portalPage,
} from './payment-pages.ts';
import type { RateLimits } from './rate-limit.ts';
import { checkLength } from './request-rules.ts';
import { ApiError } from '../../schema/errors.ts';

interface PaymentHandlerOptions {
  readonly desk: Desk;
  readonly rateLimits: Pick<RateLimits, 'countStranger'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

interface Form {
  readonly action: string;
  readonly card: string;
}

const maxFormBytes = 4_096;

/** The pages of the built-in payments: a checkout, a portal, an invoice. Whoever has the address may see the page. */
export function createPaymentHandler({ desk, rateLimits, logger, metrics }: PaymentHandlerOptions): Handler {
  async function checkout(address: PageAddress, form: Form | undefined): Promise<Answer> {
    const page = await desk.readCheckout(address);
    if (!page) return gone();
    const { successUrl, cancelUrl } = page.checkout;
    const urls = [successUrl, cancelUrl];
    if (!form) {
      return pageAnswer(page.checkout.status === 'complete' ? paidPage(page) : checkoutPage(page), 200, urls);
    }
    const payment: Payment =
      form.action === 'refuse' ? 'declined' : await desk.pay(address, form.card, form.action === 'authenticate');
    if (payment === 'paid') return seeOther(successUrl);
    if (payment === 'authenticate') return pageAnswer(authenticationPage(page, form.card), 200, urls);
    return pageAnswer(checkoutPage(page, messageOf(payment)), 402, urls);
  }

  async function portal(address: PageAddress, form: Form | undefined): Promise<Answer> {
    const payment = form && (await desk.replaceCard(address, form.card));
    const page = await desk.readPortal(address);
    if (!page) return gone();
    if (payment === 'paid') return seeOther(page.returnUrl);
    return pageAnswer(portalPage(page, payment && messageOf(payment)), payment ? 402 : 200, [page.returnUrl]);
  }

  async function invoice(address: PageAddress): Promise<Answer> {
    const row = await desk.readInvoice(address);
    return row ? pageAnswer(invoicePage(row), 200) : gone();
  }

  async function answer(request: ApiRequest): Promise<Answer> {
    await rateLimits.countStranger(request.address);
    if (request.method !== 'GET' && request.method !== 'POST') {
      throw new ApiError('INVALID_INPUT', 'Use GET or POST.', { status: 405, headers: { allow: 'GET, POST' } });
    }
    const pathname = pathOf(request.url) ?? '';
    const address = pageAddressOf(pathname.slice(pathname.lastIndexOf('/') + 1));
    if (!address) return gone();
    const form = request.method === 'POST' ? await formOf(request) : undefined;
    if (address.kind === 'inv') return invoice(address);
    return address.kind === 'chk' ? checkout(address, form) : portal(address, form);
  }

  return createFrame({
    environment: 'test',
    logger,
    metrics,
    name: 'payment page',
    answer,
    // A page has its own policy; what is no page has the strictest.
    headersFor: (_request, { headers }) => {
      const policy = headers['content-security-policy'];
      return policy === undefined ? {} : { 'content-security-policy': policy };
    },
  });
}

async function formOf(request: ApiRequest): Promise<Form> {
  checkLength(request.headers, maxFormBytes);
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) throw notAForm();
  const fields = new URLSearchParams(new TextDecoder().decode(await request.readBody()));
  return { action: fields.get('action') ?? '', card: fields.get('card') ?? '' };
}

const gone = () => pageAnswer(gonePage(), 404);

/** What follows a form is fetched, never sent again. */
const seeOther = (location: string): Answer => ({ status: 303, headers: { location }, body: '' });
