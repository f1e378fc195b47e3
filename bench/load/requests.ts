import { print } from 'graphql';
import { BillingOS } from '../../client/node.ts';
import { CreateSessionDocument, ViewerDocument } from '../../client/generated.ts';
import type { Service } from '../processes/service.ts';
import { defaultConnections, type LoadRequest } from './job.ts';

/** Enough that no answer is the same, few enough that all are seen in the warm-up. */
const users = Array.from({ length: defaultConnections * 16 }, (_none, index) => `user-${index + 1}`);

/** What a merchant's server needs at least. */
const shortDocument = `mutation CreateSession($input: CreateSessionInput!) {
  createSession(input: $input) { sessionToken expiresAt }
}`;

const creationsWith = (query: string, { secretKey }: Service): LoadRequest[] =>
  users.map((externalUserId) => ({
    authorization: `Bearer ${secretKey}`,
    body: JSON.stringify({ query, variables: { input: { externalUserId } } }),
  }));

export const shortCreations = (service: Service) => creationsWith(shortDocument, service);

/** What our Node SDK sends: it asks for everything about the session and its customer, too. */
export const sdkCreations = (service: Service) => creationsWith(print(CreateSessionDocument), service);

/** What `useCustomer` asks, each time with the token of another session. */
export async function viewerRequests(service: Service): Promise<LoadRequest[]> {
  const billingos = new BillingOS({ secretKey: service.secretKey, url: service.url });
  const body = JSON.stringify({ query: print(ViewerDocument) });
  const tokens: string[] = [];
  for (const externalUserId of users)
    tokens.push((await billingos.createSessionToken({ externalUserId })).sessionToken);
  return tokens.map((token) => ({ authorization: `Bearer ${token}`, body }));
}

export const tokenOf = ({ authorization }: LoadRequest): string => authorization.replace('Bearer ', '');
