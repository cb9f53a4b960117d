import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** The limit of a stage's output that is displayed live; the file has all of it. */
const shownBytes = 1 << 20;
const pieceBytes = 1 << 16;
const pollMilliseconds = 250;

/** A text that was appended to a file, and the offsets of its bytes there. */
interface Appended {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Forwards what is appended to a file, in whole lines, until `stop`, which forwards the rest. Output over a
 * limit is cut.
 */
export function followOutput(path: string, onText: (appended: Appended) => void): { stop(): void } {
  let position = 0;
  let rest: Buffer = Buffer.alloc(0);

  function pass(bytes: Buffer, start: number, ending = ''): void {
    if (bytes.length > 0)
      onText({ text: `${bytes.toString('utf8')}${ending}`, start, end: start + bytes.length });
  }
  function poll(): void {
    if (position >= shownBytes) return;
    const start = position - rest.length;
    const piece = readPiece(path, position, pieceBytes);
    position += piece.length;
    const bytes = Buffer.concat([rest, piece]);
    const end = bytes.lastIndexOf('\n') + 1;
    rest = bytes.subarray(end);
    pass(bytes.subarray(0, end), start);
    if (position >= shownBytes) onText({ text: '… more in the log\n', start: position, end: position });
  }

  const timer = setInterval(poll, pollMilliseconds);
  return {
    stop() {
      clearInterval(timer);
      for (let before = -1; before !== position;) {
        before = position;
        poll();
      }
      pass(rest, position - rest.length, '\n');
    },
  };
}

/**
 * The last lines of a file that a program itself printed, however long the file is; long lines are cut.
 * `orLibraries`: lines of native libraries, if there are no others.
 */
export function lastLines(path: string, count: number, orLibraries: boolean): readonly string[] {
  const size = sizeOf(path);
  const text = readPiece(path, Math.max(0, size - pieceBytes), pieceBytes).toString('utf8');
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const own = lines.filter((line) => !isLibraryLog(line));
  return (own.length === 0 && orLibraries ? lines : own)
    .slice(-count)
    .map((line) => (line.length > longest ? `${line.slice(0, longest)}…` : line));
}

/**
 * Unrequested log lines of native libraries, above all TensorFlow: notices, warnings and errors with a
 * position in C++ sources, and their continuation lines. Fatal ones (F) are kept, since they explain why a
 * process ended.
 */
const isLibraryLog = (line: string): boolean => libraryLogs.some((form) => form.test(line));

const libraryLogs: readonly RegExp[] = [
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] \S+\.(cc|cpp|h|cu\.cc):\d+\] /,
  // absl writes the time as a date or, before it is set up, in seconds.
  /^[IWE]\d{4} \d\d:\d\d:\d+\.\d+ +\d+ \S+\.(cc|cpp|h|cu\.cc):\d+\] /,
  /^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR$/,
  /^To enable .* rebuild TensorFlow with the appropriate compiler flags\.$/,
  /^Skipping registering GPU devices\.\.\.$/,
];

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
