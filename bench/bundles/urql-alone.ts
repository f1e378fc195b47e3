// What an app bundles that uses urql for React as its guide shows, with the auth exchange, and nothing of ours.
export { Client, Provider, cacheExchange, fetchExchange, useMutation, useQuery } from 'urql';
export { authExchange } from '@urql/exchange-auth';
