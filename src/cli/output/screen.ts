import pico from 'picocolors';
import { inReadingOrder } from '../../runner/wording/printable.ts';
import type { Colors } from '../../runner/wording/colors.ts';

/** The stream for people's output, and its capabilities. */
export interface Screen {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly rows: () => number;
  /** Whether lines can be redrawn: an interactive terminal. */
  readonly live: boolean;
  /** Whether its reader turns workflow commands into annotations: a GitHub workflow. */
  readonly annotates: boolean;
  readonly colors: Colors;
  readonly now: () => number;
}

/**
 * Progress and messages: always stderr, since results and `--json` go to stdout. NO_COLOR and FORCE_COLOR are
 * respected.
 */
export function openScreen(stream: NodeJS.WriteStream = process.stderr): Screen {
  const { bold, dim, red, green, yellow, cyan } = pico.createColors(wantsColors(stream));
  return {
    write: (text) => void stream.write(inReadingOrder(text)),
    ...sizeOf(stream),
    live: isLive(stream, process.env),
    annotates: process.env['GITHUB_ACTIONS'] === 'true',
    colors: { bold, dim, red, green, yellow, cyan },
    now: Date.now,
  };
}

/**
 * Outside a terminal, lines may have any length; a terminal without a size (`docker run -t`, `stty cols 0`)
 * gets the usual one.
 */
export function sizeOf(stream: {
  readonly columns?: number;
  readonly rows?: number;
}): Pick<Screen, 'columns' | 'rows'> {
  return { columns: () => positiveOr(80, stream.columns), rows: () => positiveOr(24, stream.rows) };
}

const positiveOr = (fallback: number, reported = Infinity): number => (reported === 0 ? fallback : reported);

/** How wide a table on stdout may be; `wide`: as wide as it gets. */
export const tableWidth = ({ wide }: { readonly wide?: true }): number =>
  wide === true ? Infinity : sizeOf(process.stdout).columns();

/** An interactive terminal, and not a CI system's log (CI=true). */
export function isLive(
  { isTTY }: { readonly isTTY?: boolean },
  { TERM: term, CI: ci = '' }: NodeJS.ProcessEnv,
): boolean {
  return isTTY === true && term !== 'dumb' && (ci === '' || ci === 'false');
}

/** https://no-color.org: any value that is not empty counts. */
function wantsColors(stream: NodeJS.WriteStream): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  if ((process.env['FORCE_COLOR'] ?? '') !== '') return true;
  return stream.isTTY === true && process.env['TERM'] !== 'dumb';
}
