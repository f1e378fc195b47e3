import type { Service } from '../processes/service.ts';

/** Asks a service as a client does, one request at a time. Throws when anything but data comes back. */
export const askFor =
  ({ graphqlUrl }: Pick<Service, 'graphqlUrl'>) =>
  async <Data>(bearer: string, query: string, variables: object = {}): Promise<Data> => {
    const response = await fetch(graphqlUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown };
    if (!data || errors !== undefined) throw new Error(`${query} was refused: ${JSON.stringify(errors)}`);
    return data;
  };
