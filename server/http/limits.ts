import { EnvelopArmorPlugin } from '@escape.tech/graphql-armor';
import { GraphQLError, type ValidationRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { rootFieldsOf } from './root-fields.ts';

const maxDepth = 8;
const maxTokens = 1_000;
const maxDirectives = 20;
const maxAliases = 15;
const maxRootFields = 10;
const maxCreations = 1;

interface LimitsOptions {
  /** `off` keeps a stranger from spelling the schema out by typos. */
  readonly suggestions: 'on' | 'off';
}

/** How much one document may ask for. */
export const useLimits = ({ suggestions }: LimitsOptions): Plugin => ({
  onPluginInit({ addPlugin }) {
    addPlugin(
      EnvelopArmorPlugin({
        maxDepth: { n: maxDepth, flattenFragments: true },
        maxTokens: { n: maxTokens },
        maxDirectives: { n: maxDirectives },
        // Its count leaves `__typename` out; ours is below.
        maxAliases: { enabled: false },
        costLimit: { enabled: false },
        blockFieldSuggestion: { enabled: suggestions === 'off' },
      }),
    );
  },
  onValidate({ addValidationRule }) {
    addValidationRule(limitAliases);
    addValidationRule(limitRootFields);
  },
});

const limitAliases: ValidationRule = (context) => {
  let aliases = 0;
  return {
    Field(node) {
      if (node.alias && ++aliases === maxAliases + 1) {
        context.reportError(new GraphQLError(`A document may have at most ${maxAliases} aliases.`, { nodes: node }));
      }
    },
  };
};

const limitRootFields: ValidationRule = (context) => ({
  OperationDefinition(operation) {
    const fields = rootFieldsOf(operation.selectionSet, (name) => context.getFragment(name)?.selectionSet);
    if (fields.length > maxRootFields) {
      context.reportError(
        new GraphQLError(`An operation may have at most ${maxRootFields} root fields.`, { nodes: operation }),
      );
    }
    if (fields.filter((field) => field.name.value.startsWith('create')).length > maxCreations) {
      context.reportError(new GraphQLError('An operation may create at most one thing.', { nodes: operation }));
    }
  },
});
