import wrapAnsi from 'wrap-ansi';

/**
 * A text as lines no wider than that, broken between words, lines after the first indented; a longer word has
 * a line of its own.
 */
export function wrapped(text: string, width: number, indent = '  '): readonly string[] {
  if (!Number.isFinite(width)) return text.split('\n');
  const room = Math.max(1, width - indent.length);
  return wrapAnsi(text, room, { trim: true })
    .split('\n')
    .map((line, index) => (index === 0 ? line : `${indent}${line}`));
}

/** A text cut to a width, colours closed. */
export const cutToWidth = (text: string, width: number): string =>
  wrapAnsi(text, Math.max(1, width), { hard: true, trim: false, wordWrap: false }).split('\n', 1)[0] ?? '';
