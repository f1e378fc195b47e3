/** What is on a label. */
export interface Design {
  readonly tea: string;
  readonly colour: string;
  readonly hasBrush: boolean;
  /** Whether the shop's own name is on it. */
  readonly hasMark: boolean;
}

export const colours: Readonly<Record<string, string>> = {
  Leaf: '#1c7a58',
  Ember: '#a63a24',
  Ink: '#22303c',
  Plum: '#6d3b63',
};

const brush = "'Snell Roundhand', 'Segoe Script', 'Brush Script MT', cursive";
const serif = "Georgia, 'Times New Roman', serif";

/** A label as a drawing: what is seen is what is exported. */
export function Label({ tea, colour, hasBrush, hasMark }: Design) {
  return (
    <svg viewBox="0 0 400 260" role="img" aria-label={`A label for ${tea || 'a tea without a name'}`}>
      <rect width="400" height="260" rx="18" fill={colour} />
      <rect x="14" y="14" width="372" height="232" rx="10" fill="none" stroke="#fff" strokeOpacity=".55" />
      <path
        d="M172 62h44v20a18 18 0 0 1-18 18h-8a18 18 0 0 1-18-18zM216 66h6a8 8 0 0 1 0 16h-6"
        fill="none"
        stroke="#fff"
        strokeWidth="3"
      />
      <text
        x="200"
        y="160"
        fill="#fff"
        textAnchor="middle"
        fontSize={tea.length > 14 ? 30 : 40}
        fontFamily={hasBrush ? brush : serif}
      >
        {tea}
      </text>
      {hasMark && (
        <text x="200" y="222" fill="#fff" fillOpacity=".8" textAnchor="middle" fontSize="15" fontFamily={serif}>
          made with Kettle & Crane
        </text>
      )}
    </svg>
  );
}
