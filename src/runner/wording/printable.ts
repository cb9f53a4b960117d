/**
 * A text in one line, to point into: control characters never reach a terminal raw, since a hostile file must
 * not move its cursor. A tab is one space wide here.
 */
export const printable = (text: string): string =>
  text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, escaped);

/**
 * Makes a stage's output safe to display, line by line: no colours, only the last state of a line that is
 * redrawn, and other control characters as escapes. Joining characters are kept: texts need them.
 */
export const printableLines = (text: string): string => text.split('\n').map(printableLine).join('\n');

function printableLine(line: string): string {
  const drawn = line.endsWith('\r') ? line.slice(0, -1) : line;
  return drawn
    .slice(drawn.lastIndexOf('\r') + 1)
    .replace(colour, '')
    .replace(/(?!\t)\p{Cc}/gu, escaped)
    .replace(bidirectional, escaped);
}

// eslint-disable-next-line no-control-regex -- an escape sequence begins with a control character
const colour = /\u001b\[[0-9;]*m/g;

/**
 * A text with its characters in the order in which they are read: what turns their direction is shown as
 * an escape.
 */
export const inReadingOrder = (text: string): string => text.replace(bidirectional, escaped);

const bidirectional = /\p{Bidi_Control}/gu;

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
