/** Someone who has an account at the shop. Invented; a real shop reads this from its database. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Set for who buys on behalf of an organization: then that is the customer. */
  readonly organizationId?: string;
  readonly about: string;
  /** What it has bought before the first day of the demo. */
  readonly plan?: { readonly price: string; readonly quantity: number };
}

export const users: readonly User[] = [
  {
    id: 'user_mara',
    name: 'Mara Lindqvist',
    email: 'mara@example.com',
    about: 'Has the Studio plan, and pays every month',
    plan: { price: 'studio-monthly', quantity: 1 },
  },
  { id: 'user_tomas', name: 'Tomás Reyes', email: 'tomas@example.com', about: 'Tries it, and has bought nothing yet' },
  {
    id: 'user_yuki',
    name: 'Yuki Arai',
    email: 'yuki@harbour.example',
    organizationId: 'org_harbour',
    about: 'Works at the Harbour Hotel, which has the House plan for five: the hotel is the customer',
    plan: { price: 'house-monthly', quantity: 5 },
  },
];
