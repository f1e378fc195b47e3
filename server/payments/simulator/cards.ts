/** What a test card does; the numbers are Stripe's. https://docs.stripe.com/testing#cards */
export type CardOutcome = 'pays' | 'isDeclined' | 'asksForAuthentication' | 'failsLater';

interface TestCard {
  readonly number: string;
  readonly brand: string;
  readonly outcome: CardOutcome;
  /** What people read beside it. */
  readonly title: string;
}

export const testCards: readonly TestCard[] = [
  { number: '4242424242424242', brand: 'visa', outcome: 'pays', title: 'Pays' },
  { number: '5555555555554444', brand: 'mastercard', outcome: 'pays', title: 'Pays' },
  { number: '4000000000000002', brand: 'visa', outcome: 'isDeclined', title: 'Is declined' },
  { number: '4000002500003155', brand: 'visa', outcome: 'asksForAuthentication', title: 'Asks for authentication' },
  { number: '4000000000000341', brand: 'visa', outcome: 'failsLater', title: 'Is taken, and fails when it is charged' },
];

/** By what somebody typed, spaces or not; `undefined` for anything else, which must not be kept. */
export const cardOfNumber = (typed: string): TestCard | undefined =>
  testCards.find(({ number }) => number === typed.replaceAll(/[\s-]/g, ''));

/** A card that was taken, by the only part of it that is kept. */
export const cardOfLastFour = (lastFour: string | null): TestCard | undefined =>
  testCards.find(({ number }) => lastFour !== null && number.endsWith(lastFour));

export const lastFourOf = ({ number }: TestCard): string => number.slice(-4);

/** What it shows as its expiry: always to come. */
export const expiryOf = (nowMs: number) => ({ month: 12, year: new Date(nowMs).getUTCFullYear() + 3 });
