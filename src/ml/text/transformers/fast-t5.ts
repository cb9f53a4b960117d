import type { Result } from '../../../result.ts';
import { type CharMap, readCharMap } from '../sentencepiece/char-map.ts';
import { damagedModel } from '../sentencepiece/damaged-model.ts';
import type { ModelProto } from '../sentencepiece/model-proto.ts';
import { pieceProblem } from '../sentencepiece/piece-problem.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { type AddedToken, specialToken } from './added-token.ts';
import { sizeWith, withTokens } from './added-tokens.ts';
import { type FastSettings, fastUnigram, type UnigramParts } from './fast-unigram.ts';
import { type Metaspace, metaspaceTexts, metaspaceWords } from './metaspace.ts';
import { precompiled } from './precompiled.ts';
import { slowTokensOf } from './slow-t5.ts';
import { sentinel, specialTokensOf, type T5SpecialTokens } from './t5-special-tokens.ts';
import { replaceRuns, stripEnd } from './text-rules.ts';
import type { TokenizerConfig } from './tokenizer-config.ts';

/**
 * T5TokenizerFast of transformers 4.57, of a folder that has a tokenizer.json: its parts, and the special
 * tokens that the folder names beside it.
 */
export function fastT5OfJson(parts: UnigramParts, config: TokenizerConfig): Result<Tokenizer> {
  const special = specialTokensOf(config);
  if (!special.ok) return special;
  const ids = new Map(parts.pieces.map(([piece], id) => [piece, id]));
  const added = withTokens(
    parts.added,
    missingTokens([...parts.added.values()], config, special.value),
    (content) => ids.get(content),
    sizeWith(parts.added, parts.pieces.length),
  );
  const replaced = [...parts.added.values()];
  return fastUnigram({ ...parts, added, replaced }, settingsOf(config, special.value));
}

/**
 * T5TokenizerFast of transformers 4.57, of a folder that has no tokenizer.json: what T5Converter makes of the
 * `.model` (convert_slow_tokenizer.py), with the special tokens that the folder names.
 */
export function fastT5(proto: ModelProto, config: TokenizerConfig): Result<Tokenizer> {
  const converted = convertT5(proto, config);
  if (!converted.ok) return converted;
  const { special, charMap, metaspace, end, ...parts } = converted.value;
  const applyMap = charMap === undefined ? (text: string) => text : precompiled(charMap);
  return fastUnigram(
    {
      ...parts,
      byteFallback: false,
      normalize: (text) => replaceRuns(stripEnd(applyMap(text))),
      preTokenize: (piece) => metaspaceWords(metaspace, piece),
      decode: (tokens) => metaspaceTexts(metaspace, tokens),
      frame: { before: [], after: [end.id] },
    },
    settingsOf(config, special),
  );
}

/** The parts of a `.model` as T5Converter has them. */
export interface ConvertedT5 extends Pick<UnigramParts, 'pieces' | 'unknownId' | 'added' | 'replaced'> {
  readonly special: T5SpecialTokens;
  readonly charMap: CharMap | undefined;
  readonly metaspace: Metaspace;
  /** Closes an encoding. */
  readonly end: { readonly content: string; readonly id: number };
}

/** Converts a `.model` as T5Converter does; the error says what of the model or its config is wrong. */
export function convertT5(proto: ModelProto, config: TokenizerConfig): Result<ConvertedT5> {
  const special = specialTokensOf(config);
  if (!special.ok) return special;
  const problem = pieceProblem(proto);
  if (problem !== undefined) return damagedModel(problem);
  const charMap = readCharMap(proto.normalizer.charMap);
  if (!charMap.ok) return charMap;
  const piecesOfModel = proto.pieces.map(
    (bytes, id) => [Buffer.from(bytes).toString(), proto.scores[id] ?? 0] as const,
  );
  const pieces = [...piecesOfModel, ...sentinelPieces(special.value)];
  const idsOfModel = new Map(piecesOfModel.map(([piece], id) => [piece, id]));
  const ids = new Map(pieces.map(([piece], id) => [piece, id]));
  if (proto.unknownId >= pieces.length)
    return damagedModel(`its unknown piece is ${proto.unknownId}, of ${pieces.length}`);

  const ofModel = proto.types.flatMap((type, id) =>
    type === 'control' || type === 'user-defined'
      ? [{ ...specialToken(pieces[id]?.[0] ?? ''), special: type === 'control' }]
      : [],
  );
  const added = withTokens(
    new Map(),
    [...ofModel, ...missingTokens(ofModel, config, special.value)],
    (content) => ids.get(content),
    pieces.length,
  );
  // The converter asks the slow tokenizer, which may add tokens in another order.
  const { ids: slowIds } = slowTokensOf(special.value, config.addedTokens, {
    size: proto.pieces.length,
    idOf: (content) => idsOfModel.get(content),
  });
  return {
    ok: true,
    value: {
      pieces,
      unknownId: proto.unknownId,
      added,
      replaced: ofModel,
      special: special.value,
      charMap: charMap.value,
      metaspace: { replacement: '\u2581', prepend: prependScheme(config), split: true },
      end: { content: '</s>', id: slowIds.get('</s>') ?? ids.get('</s>') ?? proto.unknownId },
    },
  };
}

const settingsOf = (
  { cleanUp = false, modelMaxLength = Infinity }: TokenizerConfig,
  { pad, unknown, end }: T5SpecialTokens,
): FastSettings => ({
  roles: { pad: pad.content, unknown: unknown.content, end: end.content },
  cleanUp,
  modelMaxLength,
});

/** Sentinels come after the model's own pieces, the last first. */
const sentinelPieces = ({ extraIds }: T5SpecialTokens) =>
  Array.from({ length: extraIds }, (_, index) => [sentinel(extraIds - 1 - index), 0] as const);

/**
 * What the folder lists (with what it names special marked so), and special tokens that are listed nowhere.
 * As PreTrainedTokenizerFast.__init__ of transformers 4.57.
 */
function missingTokens(
  known: readonly AddedToken[],
  { addedTokens }: TokenizerConfig,
  { roles, additional }: T5SpecialTokens,
): readonly AddedToken[] {
  const special = new Set([...roles, ...additional].map(({ content }) => content));
  const listed = Array.from(addedTokens)
    .sort(([a], [b]) => a - b)
    .map(([, token]) => ({ ...token, special: token.special || special.has(token.content) }));
  const contents = new Set([...known, ...listed].map(({ content }) => content));
  return [
    ...listed,
    ...[...roles, ...additional].flatMap((token) =>
      contents.has(token.content) ? [] : [{ ...token, special: true }],
    ),
  ];
}

const prependScheme = ({ addPrefixSpace = true, legacy = true }: TokenizerConfig): Metaspace['prepend'] =>
  !addPrefixSpace ? 'never' : legacy ? 'always' : 'first';
