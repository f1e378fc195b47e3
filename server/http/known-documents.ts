import { type DocumentNode, execute, getOperationAST, type OperationDefinitionNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { forgetScopes } from '../../schema/builder.ts';
import type { RequestContext } from './endpoint.ts';
import { operationOf } from './operation.ts';

const maxDocuments = 1_000;
/** Of their text; what was parsed may take 170 times as much. */
const maxCharacters = 200_000;

export interface KnownDocument {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

export interface KnownDocuments {
  /** `undefined` unless every rule has let this very text through, and it has such an operation. */
  find(query: string, operationName: string | null | undefined): KnownDocument | undefined;
  remember(query: string, document: DocumentNode): void;
}

/** Documents that were parsed and validated once: the same text need not be looked at again. Bounded in count and size. */
export function createKnownDocuments(): KnownDocuments {
  const documents = new LRUCache<string, DocumentNode>({
    max: maxDocuments,
    maxSize: maxCharacters,
    sizeCalculation: (_document, query) => query.length + 1,
  });

  return {
    find(query, operationName) {
      const document = documents.get(query);
      const operation = document && getOperationAST(document, operationName);
      return document && operation ? { document, operation } : undefined;
    },
    remember(query, document) {
      if (!asksForTheSchema.test(query)) documents.set(query, document);
    },
  };
}

/** Whether that is allowed depends on the caller, so that it is asked each time. */
const asksForTheSchema = /__(schema|type)\b/;

/** What gets as far as being executed has passed every rule. It is executed as it will be from then on, without Yoga. */
export const useKnownDocuments = (known: KnownDocuments): Plugin<RequestContext> => ({
  onExecute({ args, setExecuteFn }) {
    setExecuteFn(execute);
    const operation = getOperationAST(args.document, args.operationName);
    if (operation) args.contextValue.exchange.operation = operationOf(args.document, operation);
    const { query } = args.contextValue.params;
    // Who has no credential shall not push out the documents of those who have.
    if (query && args.contextValue.caller.kind !== 'anonymous') known.remember(query, args.document);
    return { onExecuteDone: () => forgetScopes(args.contextValue) };
  },
});
