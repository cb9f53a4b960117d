/** Pieces of a vocabulary, by text; a piece that continues a word starts with "##". */
export type PieceIds = ReadonlyMap<string, number>;

/**
 * Cuts a word into the longest pieces there are, from its start; a word that cannot be cut, or has more than
 * 100 characters, is `unknown`. As WordpieceTokenizer of transformers 4.57.
 */
export function wordPieces(word: string, ids: PieceIds, unknown: string): string[] {
  if (word.length > maxCharacters && Array.from(word).length > maxCharacters) return [unknown];
  const pieces: string[] = [];
  for (let start = 0; start < word.length;) {
    const piece = longestPiece(word, start, ids);
    if (piece === undefined) return [unknown];
    pieces.push(piece);
    start += piece.length - (start === 0 ? 0 : continuation.length);
  }
  return pieces;
}

const maxCharacters = 100;
const continuation = '##';

/** Ends within a surrogate pair are tried too: no piece is found there. */
function longestPiece(word: string, start: number, ids: PieceIds): string | undefined {
  for (let end = word.length; end > start; end -= 1) {
    const piece = start === 0 ? word.slice(0, end) : continuation + word.slice(start, end);
    if (ids.has(piece)) return piece;
  }
  return undefined;
}
