import { ImportError } from './record.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without the line feed; a carriage return before it stays. */
  readonly text: string;
}

const maxLineCharacters = 16_777_216;

/** The lines of a UTF-8 text without its byte order mark. Not `node:readline`, which also ends lines at U+2028. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  let number = 0;
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) yield { number: (number += 1), text };
    if (rest.length > maxLineCharacters) throw new ImportError(`Line ${number + 1} is too long.`);
  }
  rest += decoder.decode();
  if (rest !== '') yield { number: number + 1, text: rest };
}

export const isBlank = ({ text }: Line) => text.trim() === '';

/** Bytes that are no UTF-8 become this character. */
export const isMisread = (text: string) => text.includes('\uFFFD');
