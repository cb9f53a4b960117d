import { isUtf8 } from 'node:buffer';
import { memoize } from '../../../memory.ts';
import type { Result } from '../../../result.ts';
import { pythonStrip } from '../python-text.ts';
import type { Tokenizer } from '../tokenizer.ts';
import {
  type AddedToken,
  matchesOf,
  specialToken,
  type TokenMatcher,
  tokenMatcher,
} from '../transformers/added-token.ts';
import { sizeWith } from '../transformers/added-tokens.ts';
import { cleanUp } from '../transformers/clean-up.ts';
import { cutFramed, framed } from '../transformers/frame.ts';
import { joinTokens, slowTokens, type Token, tokenizeBetween } from '../transformers/slow-tokenizer.ts';
import { roleNames, type TokenizerConfig } from '../transformers/tokenizer-config.ts';
import { wordMemory } from '../word-memory.ts';
import { basicWords, type BasicWordsOptions } from './basic-words.ts';
import { encodedSinceUnicode14 } from './encoded-since-unicode14.ts';
import { type PieceIds, wordPieces } from './word-pieces.ts';

/**
 * BertTokenizer of transformers 4.57, the one written in Python, which bert_score uses, on CPython 3.11
 * (Unicode 14).
 * `vocabulary` is the bytes of vocab.txt: a piece a line.
 */
export function slowBert(vocabulary: Uint8Array, config: TokenizerConfig): Result<Tokenizer> {
  if (!isUtf8(vocabulary)) return { ok: false, error: 'vocab.txt is not UTF-8' };
  const pieces = readVocabulary(vocabulary);
  const ids: PieceIds = new Map(pieces.map((piece, id) => [piece, id]));
  const special = specialTokensOf(config);
  const [missing] = [special.unknown, special.cls, special.sep, special.pad].filter(
    ({ content }) => !ids.has(content) && !holds(config, content),
  );
  if (missing !== undefined)
    return {
      ok: false,
      error:
        `vocab.txt has no line ${JSON.stringify(missing.content)}, ` +
        "which is one of the tokenizer's special tokens",
    };

  const words: BasicWordsOptions = {
    lowerCase: config.lowerCase ?? true,
    stripAccents: config.stripAccents,
    splitChinese: config.splitChinese ?? true,
    unassigned: encodedSinceUnicode14(),
  };
  const tokens = slowTokens(config.addedTokens, special.roles, config.additionalSpecialTokens ?? [], {
    size: ids.size,
    idOf: (content) => ids.get(content),
  });
  const unlowered = tokenMatcher(
    [...tokens.added.values()].filter((token) => token.special || token.normalized),
  );
  const unknown = special.unknown.content;
  const idOf = (token: string): number => tokens.ids.get(token) ?? ids.get(token) ?? 0;
  const piecesOf = memoize(
    (word: string): Token[] => wordPieces(word, ids, unknown).map((text) => ({ id: idOf(text), text })),
    wordMemory,
  );
  const tokensOf = (text: string): Token[] =>
    tokenizeBetween(
      tokens,
      words.lowerCase ? loweredBetween(unlowered, text, words.unassigned) : text,
      (part) => basicWords(part, words, tokens.special).flatMap(piecesOf),
    );
  const frame = { before: [idOf(special.cls.content)], after: [idOf(special.sep.content)] };
  return {
    ok: true,
    value: {
      modelMaxLength: config.modelMaxLength ?? Infinity,
      vocabularySize: sizeWith(tokens.added, pieces.length),
      special: {
        pad: idOf(special.pad.content),
        unknown: idOf(unknown),
        start: idOf(special.cls.content),
        end: idOf(special.sep.content),
      },
      encode: (text, options = {}) =>
        framed(
          tokensOf(text).map(({ id }) => id),
          frame,
          options,
        ),
      truncate: (encoded, maxLength) => cutFramed(encoded, frame, maxLength),
      decode: (encoded, { skipSpecialTokens = false, cleanUp: clean = config.cleanUp ?? true } = {}) => {
        const shown = encoded
          .map((id) => tokens.added.get(id)?.content ?? pieces[id] ?? unknown)
          .filter((token) => !skipSpecialTokens || !tokens.special.has(token));
        const text = joinTokens(tokens, shown, (run) => pythonStrip(run.join(' ').replaceAll(' ##', '')));
        return clean ? cleanUp(text) : text;
      },
    },
  };
}

/** One piece a line, with any line ends, as Python reads a text file. */
function readVocabulary(bytes: Uint8Array): string[] {
  const lines = Buffer.from(bytes)
    .toString()
    .split(/\r\n|\r|\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

interface BertSpecialTokens {
  readonly unknown: AddedToken;
  readonly sep: AddedToken;
  readonly pad: AddedToken;
  readonly cls: AddedToken;
  readonly roles: readonly AddedToken[];
}

function specialTokensOf({ roles }: TokenizerConfig): BertSpecialTokens {
  const named = {
    ...roles,
    unk: roles.unk ?? specialToken('[UNK]'),
    sep: roles.sep ?? specialToken('[SEP]'),
    pad: roles.pad ?? specialToken('[PAD]'),
    cls: roles.cls ?? specialToken('[CLS]'),
    mask: roles.mask ?? specialToken('[MASK]'),
  };
  return {
    unknown: named.unk,
    sep: named.sep,
    pad: named.pad,
    cls: named.cls,
    roles: roleNames.flatMap((role) => named[role] ?? []),
  };
}

const holds = ({ addedTokens }: TokenizerConfig, content: string): boolean =>
  Array.from(addedTokens.values()).some((token) => token.content === content);

/**
 * A text in lower case but for some tokens; each character by itself, so that no sigma is a final one. As
 * PreTrainedTokenizer.tokenize. What is not assigned has no lower case, and is dropped later anyway.
 */
function loweredBetween(tokens: TokenMatcher, text: string, unassigned: RegExp): string {
  const lowered = (part: string): string =>
    part.replaceAll(unassigned, '').replaceAll('\u03a3', '\u03c3').toLowerCase();
  let output = '';
  let done = 0;
  for (const { start, end } of matchesOf(tokens, text)) {
    output += lowered(text.slice(done, start)) + text.slice(start, end);
    done = end;
  }
  return output + lowered(text.slice(done));
}
