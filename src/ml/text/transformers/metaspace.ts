/**
 * Spaces shown as a character of their own, and words that start with it. As Metaspace of tokenizers 0.22.
 */
export interface Metaspace {
  readonly replacement: string;
  /** Where the character is put before a text that does not start with it. */
  readonly prepend: 'always' | 'first' | 'never';
  /** Whether words are encoded each by itself. */
  readonly split: boolean;
}

/** A part of a text on its way to the model. `first`: the text starts with it. */
export interface TextPiece {
  readonly text: string;
  readonly first: boolean;
}

/** As Metaspace.pre_tokenize: words, the space before each shown at its start. */
export function metaspaceWords(
  { replacement, prepend, split }: Metaspace,
  { text, first }: TextPiece,
): TextPiece[] {
  if (text === '') return [];
  const shown = text.replaceAll(' ', replacement);
  const prefixed =
    prepend === 'never' || (prepend === 'first' && !first) || shown.startsWith(replacement)
      ? shown
      : replacement + shown;
  if (!split) return [{ text: prefixed, first }];
  return prefixed
    .split(replacement)
    .flatMap((word, index) =>
      index > 0
        ? [{ text: replacement + word, first: first && index === 1 && prefixed.startsWith(replacement) }]
        : word === ''
          ? []
          : [{ text: word, first }],
    );
}

/**
 * As Metaspace.decode_chain: tokens to the texts that make up the whole; the first loses its spaces, unless
 * none was put before it.
 */
export const metaspaceTexts = ({ replacement, prepend }: Metaspace, tokens: readonly string[]): string[] =>
  tokens.map((token, index) => token.replaceAll(replacement, index === 0 && prepend !== 'never' ? '' : ' '));
