import { type FieldNode, Kind, type SelectionSetNode } from 'graphql';

/** Every field at the top, through fragments. Like GraphQL itself, it takes a named fragment once, however often it is spread. */
export function rootFieldsOf(
  selectionSet: SelectionSetNode,
  fragment: (name: string) => SelectionSetNode | undefined,
  taken = new Set<string>(),
): FieldNode[] {
  return selectionSet.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFieldsOf(selection.selectionSet, fragment, taken);
    const name = selection.name.value;
    if (taken.has(name)) return [];
    taken.add(name);
    const inner = fragment(name);
    return inner ? rootFieldsOf(inner, fragment, taken) : [];
  });
}
