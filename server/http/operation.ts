import { type DocumentNode, Kind, type OperationDefinitionNode, type OperationTypeNode } from 'graphql';
import { rootFieldsOf } from './root-fields.ts';

/** What a document asks for, in words of the schema: its own name for itself is the caller's text, and left out. */
export interface Operation {
  readonly type: OperationTypeNode;
  /** The one root field; `several`, or `introspection`. */
  readonly field: string;
}

/** Documents are parsed once and kept: so is what they ask for. */
const known = new WeakMap<OperationDefinitionNode, Operation>();

/** Of a document that is valid: its root fields are of the schema then. */
export function operationOf(document: DocumentNode, definition: OperationDefinitionNode): Operation {
  const operation = known.get(definition) ?? read(document, definition);
  known.set(definition, operation);
  return operation;
}

function read(document: DocumentNode, { operation, selectionSet }: OperationDefinitionNode): Operation {
  const fields = rootFieldsOf(selectionSet, (name) => {
    const fragment = document.definitions.find(
      (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === name,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fragment.selectionSet : undefined;
  });
  const names = new Set(fields.map(({ name }) => name.value));
  const ours = [...names].filter((name) => !name.startsWith('__'));
  return { type: operation, field: ours.length > 1 ? 'several' : (ours[0] ?? 'introspection') };
}
