import { type FieldNode, Kind, type SelectionSetNode } from 'graphql';

/** Every field at the top, through fragments; one fragment spread twice counts twice. */
export function rootFieldsOf(
  selectionSet: SelectionSetNode,
  fragment: (name: string) => SelectionSetNode | undefined,
  path: readonly string[] = [],
): FieldNode[] {
  return selectionSet.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFieldsOf(selection.selectionSet, fragment, path);
    const name = selection.name.value;
    const inner = path.includes(name) ? undefined : fragment(name);
    return inner ? rootFieldsOf(inner, fragment, [...path, name]) : [];
  });
}
