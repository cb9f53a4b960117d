/** Where a text stops being JSON: line and column count from 1, the column in UTF-16 code units. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The fault of a text that `JSON.parse` refused with this message. */
export function jsonFault(text: string, message: string): JsonFault {
  const offset = offsetOf(text, message);
  const before = text.slice(0, offset);
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  return {
    line: before.split('\n').length,
    column,
    message: `is not JSON: ${wording(message, text[offset])}`,
  };
}

/**
 * V8 gives the position of most faults in its message. "Unexpected token" has none: there, the fault is the
 * last character of the shortest prefix that is rejected with the same message, since V8 reads nothing after
 * it.
 */
function offsetOf(text: string, message: string): number {
  const offset = /at position (\d+)/.exec(message)?.[1];
  if (offset !== undefined) return Math.min(Number(offset), text.length);
  if (!message.startsWith(unexpectedToken)) return text.length;
  let clean = 0;
  let faulty = text.length;
  while (faulty - clean > 1) {
    const middle = (clean + faulty) >> 1;
    if (messageOf(text.slice(0, middle)).startsWith(unexpectedToken)) faulty = middle;
    else clean = middle;
  }
  return clean;
}

const unexpectedToken = 'Unexpected token';

function messageOf(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}

/** V8's message without the position (the caller adds lines) and without the excerpt of the text. */
function wording(message: string, found: string | undefined): string {
  if (message.startsWith(unexpectedToken)) return `unexpected ${JSON.stringify(found)}`;
  if (message.startsWith('Unexpected end')) return 'unexpected end of the text';
  const words = message.replace(/ in JSON at position.*| after JSON at position.*/s, '');
  return words.charAt(0).toLowerCase() + words.slice(1);
}
