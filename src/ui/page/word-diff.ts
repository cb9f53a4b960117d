import { diffArrays } from 'diff';

/** A piece of a text: the same as in the other, or only in this one. */
export interface Piece {
  readonly text: string;
  readonly isSame: boolean;
}

/**
 * How an answer differs from its reference, by words; texts without spaces between words, as Chinese, by
 * characters. Undefined: too different, or too long, to be worth the time.
 */
export function wordDiff(
  reference: string,
  answer: string,
): { readonly reference: readonly Piece[]; readonly answer: readonly Piece[] } | undefined {
  if (reference.length + answer.length > mostCharacters) return undefined;
  const changes = diffArrays([...tokensOf(reference)], [...tokensOf(answer)], { timeout: 200 });
  if (changes === undefined) return undefined;
  const side = (own: 'added' | 'removed'): readonly Piece[] =>
    joined(
      changes.flatMap(({ value, added, removed }) => {
        const isSame = !added && !removed;
        return isSame || (own === 'added' ? added : removed) ? [{ text: value.join(''), isSame }] : [];
      }),
    );
  return { reference: side('removed'), answer: side('added') };
}

const mostCharacters = 40_000;

/** Words, single characters of scripts that write no spaces, spaces, and signs. */
export const tokensOf = (text: string): readonly string[] =>
  text.match(
    /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}]|[\p{L}\p{M}\p{N}]+|\s+|[^]/gu,
  ) ?? [];

/** Two pieces that differ with only a space between them are one: it reads better. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const all: Piece[] = [];
  for (const [index, piece] of pieces.entries()) {
    const last = all.at(-1);
    const isGap =
      piece.isSame &&
      /^\s+$/.test(piece.text) &&
      last?.isSame === false &&
      pieces[index + 1]?.isSame === false;
    const isSame = piece.isSame && !isGap;
    if (last !== undefined && last.isSame === isSame)
      all[all.length - 1] = { text: last.text + piece.text, isSame };
    else all.push({ text: piece.text, isSame });
  }
  return all;
}
