/** Someone who has an account at the shop. Invented; a real shop reads this from its database. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Set for who buys on behalf of an organization: then that is the customer. */
  readonly organizationId?: string;
  readonly about: string;
}

export const users: readonly User[] = [
  { id: 'user_mara', name: 'Mara Lindqvist', email: 'mara@example.com', about: 'Drinks sencha, pays every month' },
  { id: 'user_tomas', name: 'Tomás Reyes', email: 'tomas@example.com', about: 'On his second free trial' },
  {
    id: 'user_yuki',
    name: 'Yuki Arai',
    email: 'yuki@harbour.example',
    organizationId: 'org_harbour',
    about: 'Buys for the Harbour Hotel: the hotel is the customer',
  },
];
