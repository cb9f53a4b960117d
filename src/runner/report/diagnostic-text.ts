import type { Diagnostic, Range } from '../diagnostic.ts';
import type { Colors } from '../wording/colors.ts';
import { positionIn } from './position-in.ts';
import { printable } from '../wording/printable.ts';
import { textWidth } from '../wording/text-width.ts';

/**
 * A diagnostic as text: place, message, the source line with a caret, what to do next, and notes with places
 * of their own. Lines and columns count from 1, columns in characters as an editor counts them. `sourceOf`
 * gives the text of a range's file; undefined: the line is not shown.
 */
export function diagnosticText(
  diagnostic: Diagnostic,
  colors: Colors,
  sourceOf: (file: string) => string | undefined,
): string {
  const { severity, code, message, at, suggestion, help, notes } = diagnostic;
  const mark = severity === 'error' ? colors.red : colors.yellow;
  const place = at === undefined ? undefined : placeOf(at, sourceOf);
  const lines = [
    `${place === undefined ? '' : `${colors.bold(place.text)}: `}${mark(severity)}: ` +
      `${colors.bold(printable(message))} ${colors.dim(`[${code}]`)}`,
    ...excerpt(place, colors, mark),
    ...(suggestion === undefined
      ? []
      : [`  did you mean ${colors.green(printable(JSON.stringify(suggestion)))}?`]),
    ...(help === undefined ? [] : [`  ${colors.cyan('help')}: ${printable(help)}`]),
  ];
  for (const note of notes ?? []) {
    const where = note.at === undefined ? undefined : placeOf(note.at, sourceOf);
    lines.push(
      `  ${where === undefined ? '' : `${where.text}: `}${colors.dim('note')}: ${printable(note.message)}`,
      ...excerpt(where, colors, colors.dim),
    );
  }
  return lines.join('\n');
}

interface Place {
  readonly text: string;
  /** The source line and the caret below it, cut to a window where the line is long. */
  readonly line?: {
    readonly number: number;
    readonly text: string;
    readonly indent: string;
    readonly caret: string;
  };
}

function placeOf({ file, offset, length }: Range, sourceOf: (file: string) => string | undefined): Place {
  const source = sourceOf(file);
  if (source === undefined) return { text: printable(file) };
  const { line: number, column, before: start } = positionIn(source, offset);
  const rest = source.slice(offset).split(lineEnd, 1)[0] ?? '';
  const marked = Math.max(1, Math.min(length, rest.length));
  const from = start.length > lineWidth / 2 ? start.length - lineWidth / 2 : 0;
  const shownStart = (from > 0 ? '…' : '') + printable(start.slice(from).replace('\uFEFF', ''));
  const tail = printable(rest.slice(0, lineWidth));
  const caret = '^'.repeat(
    Math.max(1, Math.min(textWidth(printable(rest.slice(0, marked))), textWidth(tail))),
  );
  return {
    text: `${printable(file)}:${number}:${column}`,
    line: { number, text: `${shownStart}${tail}`, indent: ' '.repeat(textWidth(shownStart)), caret },
  };
}

/** Characters of a long line to show: half as many before the place. */
const lineWidth = 120;

const lineEnd = /\r\n|\n|\r/;

function excerpt(
  place: Place | undefined,
  colors: Colors,
  mark: (text: string) => string,
): readonly string[] {
  if (place?.line === undefined) return [];
  const { number, text, indent, caret } = place.line;
  const margin = ' '.repeat(String(number).length);
  return [`  ${colors.dim(`${number} |`)} ${text}`, `  ${margin} ${colors.dim('|')} ${indent}${mark(caret)}`];
}
