/** What whoever starts the service did not say: GraphQL compares types the slow way otherwise, to help who develops it. */
process.env['NODE_ENV'] ??= 'production';
