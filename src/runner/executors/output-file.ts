import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** How much of what a stage prints is shown as it comes; the file has all of it. */
const shownBytes = 1 << 20;
const pieceBytes = 1 << 16;
const pollMilliseconds = 250;

/** Tells what is appended to a file, in whole lines, until `stop`, which tells the rest. A flood is told up to a limit. */
export function followOutput(path: string, onText: (text: string) => void): { stop(): void } {
  const decoder = new StringDecoder('utf8');
  let position = 0;
  let rest = '';

  function poll(): void {
    if (position >= shownBytes) return;
    const piece = readPiece(path, position, pieceBytes);
    position += piece.length;
    const text = rest + decoder.write(piece);
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (end > 0) onText(text.slice(0, end));
    if (position >= shownBytes) onText('… more in the log\n');
  }

  const timer = setInterval(poll, pollMilliseconds);
  return {
    stop() {
      clearInterval(timer);
      for (let before = -1; before !== position;) {
        before = position;
        poll();
      }
      if (rest !== '') onText(`${rest}\n`);
    },
  };
}

/** The last lines of a file, however long it is; a line is cut at some length. */
export function lastLines(path: string, count: number): readonly string[] {
  const size = sizeOf(path);
  const text = readPiece(path, Math.max(0, size - pieceBytes), pieceBytes).toString('utf8');
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.slice(-count).map((line) => (line.length > longest ? `${line.slice(0, longest)}…` : line));
}

const longest = 2000;

function readPiece(path: string, position: number, length: number): Buffer {
  const file = open(path);
  if (file === undefined) return Buffer.alloc(0);
  try {
    const piece = Buffer.alloc(length);
    return piece.subarray(0, readSync(file, piece, 0, length, position));
  } finally {
    closeSync(file);
  }
}

function sizeOf(path: string): number {
  const file = open(path);
  if (file === undefined) return 0;
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
