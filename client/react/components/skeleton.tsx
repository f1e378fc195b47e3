/** Grey lines where text will be. */
export function Skeleton({ lines }: { readonly lines: number }) {
  return (
    <div className="bos-skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_line, position) => (
        <span key={position} className="bos-skeleton-line" />
      ))}
    </div>
  );
}
