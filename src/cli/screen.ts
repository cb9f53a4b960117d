import pico from 'picocolors';
import type { Screen } from './display.ts';

/** People's output: always stderr, so that `--json` on stdout stays a document. NO_COLOR and FORCE_COLOR are respected. */
export function openScreen(stream: NodeJS.WriteStream = process.stderr): Screen {
  const terminal = stream.isTTY === true && process.env['TERM'] !== 'dumb' && process.env['CI'] === undefined;
  const { bold, dim, red, green, yellow, cyan } = pico.createColors(wantsColors(stream));
  return {
    write: (text) => void stream.write(text),
    columns: () => stream.columns ?? Infinity,
    live: terminal,
    annotates: process.env['GITHUB_ACTIONS'] === 'true',
    colors: { bold, dim, red, green, yellow, cyan },
    now: Date.now,
  };
}

/** https://no-color.org: any value that is not empty counts. */
function wantsColors(stream: NodeJS.WriteStream): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  if ((process.env['FORCE_COLOR'] ?? '') !== '') return true;
  return stream.isTTY === true && process.env['TERM'] !== 'dumb';
}
