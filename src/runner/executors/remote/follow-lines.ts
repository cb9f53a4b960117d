import { closeSync, openSync, readSync } from 'node:fs';
import { lineSplitter } from '../local/split-lines.ts';
import { longestLine } from '../local/supervisor-protocol.ts';

/**
 * Hands on the lines that are appended to a file, from its first; a line too long to be a message is null.
 */
export interface FollowedLines {
  /** Forwards what was appended since the last call. */
  read(): void;
}

/** Follows a file, which need not exist yet; lines go to `onLine`. */
export function followLines(path: string, onLine: (line: string | null) => void): FollowedLines {
  const lines = lineSplitter(longestLine, onLine);
  let position = 0;
  return {
    read() {
      const file = opened(path);
      if (file === undefined) return;
      try {
        const piece = Buffer.alloc(pieceBytes);
        for (let count = -1; count !== 0; position += count) {
          count = readSync(file, piece, 0, piece.length, position);
          lines.push(Buffer.from(piece.subarray(0, count)));
        }
      } finally {
        closeSync(file);
      }
    },
  };
}

const pieceBytes = 1 << 16;

function opened(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
