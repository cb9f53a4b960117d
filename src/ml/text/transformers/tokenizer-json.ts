import { isJsonObject, type Json, type JsonObject } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import { sizeWith } from './added-tokens.ts';
import type { UnigramParts } from './fast-unigram.ts';
import type { Frame } from './frame.ts';
import { type Metaspace, metaspaceTexts, metaspaceWords, type TextPiece } from './metaspace.ts';
import { readAddedList } from './read-added-tokens.ts';
import { readTextRule } from './text-rules.ts';

/**
 * Reads the parts of a Unigram tokenizer from a tokenizer.json (tokenizers 0.22). A part that no T5 tokenizer
 * has is an error that names it.
 */
export function readUnigramJson(json: Json): Result<UnigramParts> {
  const refused = refusal(json);
  if (refused !== undefined)
    return { ok: false, error: `not a tokenizer.json of a Unigram model: ${refused}` };
  const file = isJsonObject(json) ? json : {};
  const model = isJsonObject(file['model']) ? file['model'] : {};

  const pieces = readPieces(model['vocab']);
  if (!pieces.ok) return pieces;
  const unknownId = model['unk_id'];
  if (typeof unknownId !== 'number' || pieces.value[unknownId] === undefined)
    return {
      ok: false,
      error:
        `its unk_id is ${JSON.stringify(unknownId)}: expected the id of one of its ` +
        `${pieces.value.length} pieces`,
    };
  const problems: string[] = [];
  const added = readAddedList(file['added_tokens'], problems);
  if (problems.length > 0) return { ok: false, error: problems.join('; ') };
  const normalize = readTextRule(file['normalizer']);
  if (!normalize.ok) return normalize;
  const preTokenize = readPreTokenizer(file['pre_tokenizer']);
  if (!preTokenize.ok) return preTokenize;
  const decoder = readDecoder(file['decoder']);
  if (!decoder.ok) return decoder;
  const frame = readFrame(file['post_processor'], sizeWith(added, pieces.value.length));
  if (!frame.ok) return frame;
  return {
    ok: true,
    value: {
      pieces: pieces.value,
      unknownId,
      byteFallback: model['byte_fallback'] === true,
      added,
      normalize: normalize.value,
      preTokenize: preTokenize.value,
      decode: decoder.value,
      frame: frame.value,
    },
  };
}

/**
 * A model's type is written only by newer versions; before, a Unigram model is the one that lists pieces with
 * scores.
 */
function refusal(json: Json): string | undefined {
  if (!isJsonObject(json)) return 'it is not a JSON object';
  const model = json['model'];
  if (!isJsonObject(model)) return 'it has no model';
  const type = model['type'] ?? (Array.isArray(model['vocab']) ? 'Unigram' : 'another one');
  return type === 'Unigram' ? undefined : `its model is of type ${JSON.stringify(type)}`;
}

function readPieces(vocab: Json | undefined): Result<(readonly [string, number])[]> {
  if (!Array.isArray(vocab)) return { ok: false, error: 'its model has no list of pieces ("vocab")' };
  const pieces: (readonly [string, number])[] = [];
  for (const entry of vocab) {
    const [piece, score] = Array.isArray(entry) ? entry : [];
    if (typeof piece !== 'string' || typeof score !== 'number' || !Number.isFinite(score))
      return {
        ok: false,
        error:
          `piece ${pieces.length} of its model is ${JSON.stringify(entry)?.slice(0, 60)}: expected a ` +
          'string and a number',
      };
    pieces.push([piece, score]);
  }
  return { ok: true, value: pieces };
}

function readPreTokenizer(json: Json | undefined): Result<UnigramParts['preTokenize']> {
  if (json === undefined || json === null) return { ok: true, value: (piece) => [piece] };
  const list =
    isJsonObject(json) && json['type'] === 'Sequence' && Array.isArray(json['pretokenizers'])
      ? json['pretokenizers']
      : [json];
  if (list.length > mostSteps)
    return { ok: false, error: `its pre_tokenizer has ${list.length} steps: expected at most ${mostSteps}` };
  const steps: UnigramParts['preTokenize'][] = [];
  for (const item of list) {
    if (isJsonObject(item) && item['type'] === 'WhitespaceSplit') {
      steps.push(whitespaceSplit);
      continue;
    }
    const metaspace = readMetaspace(item, 'pre_tokenizer');
    if (!metaspace.ok) return metaspace;
    steps.push((piece) => metaspaceWords(metaspace.value, piece));
  }
  return {
    ok: true,
    value: (piece) => steps.reduce<readonly TextPiece[]>((pieces, step) => pieces.flatMap(step), [piece]),
  };
}

/** Each may make a text longer. */
const mostSteps = 8;

const whitespaceSplit = ({ text, first }: TextPiece): TextPiece[] =>
  text
    .split(/\p{White_Space}+/u)
    .flatMap((word, index) => (word === '' ? [] : [{ text: word, first: first && index === 0 }]));

/** A Metaspace, before which bytes may be joined to characters. */
function readDecoder(json: Json | undefined): Result<UnigramParts['decode']> {
  const steps = isJsonObject(json) && json['type'] === 'Sequence' ? json['decoders'] : undefined;
  const [first, second, ...more] = Array.isArray(steps) ? steps : [];
  const joins = isJsonObject(first) && first['type'] === 'ByteFallback' && more.length === 0;
  const metaspace = readMetaspace(joins ? second : json, 'decoder');
  if (!metaspace.ok) return metaspace;
  return {
    ok: true,
    value: (tokens) => metaspaceTexts(metaspace.value, joins ? joinBytes(tokens) : tokens),
  };
}

/**
 * Decodes runs of byte pieces as UTF-8; in a malformed run, each byte becomes U+FFFD. As ByteFallback of
 * tokenizers 0.22.
 */
function joinBytes(tokens: readonly string[]): readonly string[] {
  const joined: string[] = [];
  let bytes: number[] = [];
  const endBytes = () => {
    const run = Uint8Array.from(bytes);
    const text = Buffer.from(run).toString();
    const isText = Buffer.compare(Buffer.from(text), run) === 0;
    if (bytes.length > 0) joined.push(...(isText ? [text] : bytes.map(() => '\ufffd')));
    bytes = [];
  };
  for (const token of tokens) {
    const [, digits] = /^<0x([0-9A-Fa-f]{2})>$/.exec(token) ?? [];
    if (digits !== undefined) {
      bytes.push(Number.parseInt(digits, 16));
      continue;
    }
    endBytes();
    joined.push(token);
  }
  endBytes();
  return joined;
}

/** `prepend_scheme` and `split` are newer than `add_prefix_space`; files without them always prepend. */
function readMetaspace(json: Json | undefined, part: string): Result<Metaspace> {
  if (!isJsonObject(json) || json['type'] !== 'Metaspace') {
    const type = isJsonObject(json) ? JSON.stringify(json['type']) : 'none';
    return { ok: false, error: `its ${part} is of type ${type}: expected Metaspace` };
  }
  const { replacement, prepend_scheme: scheme, add_prefix_space: prefix, split } = json;
  if (typeof replacement !== 'string' || Array.from(replacement).length !== 1)
    return {
      ok: false,
      error: `the replacement of its ${part} is ${JSON.stringify(replacement)}: expected one character`,
    };
  const prepend =
    scheme === 'first' || scheme === 'never' || scheme === 'always'
      ? scheme
      : prefix === false
        ? 'never'
        : 'always';
  return { ok: true, value: { replacement, prepend, split: split !== false } };
}

/** The special tokens around a text, of a TemplateProcessing for single texts. */
function readFrame(json: Json | undefined, size: number): Result<Frame> {
  if (json === undefined || json === null) return { ok: true, value: { before: [], after: [] } };
  if (!isJsonObject(json) || json['type'] !== 'TemplateProcessing' || !Array.isArray(json['single'])) {
    return {
      ok: false,
      error:
        `its post_processor is of type ${isJsonObject(json) ? JSON.stringify(json['type']) : 'none'}: ` +
        'expected TemplateProcessing with a template for single texts',
    };
  }
  const special = isJsonObject(json['special_tokens']) ? json['special_tokens'] : {};
  const before: number[] = [];
  const after: number[] = [];
  let seen = false;
  for (const item of json['single']) {
    if (isJsonObject(item) && isJsonObject(item['Sequence'])) {
      seen = true;
      continue;
    }
    const ids = isJsonObject(item) ? specialIds(item['SpecialToken'], special, size) : undefined;
    if (ids === undefined)
      return {
        ok: false,
        error:
          `the template of its post_processor has ${JSON.stringify(item)?.slice(0, 80)}: expected a ` +
          `sequence, or one of its special tokens with ids below ${size}`,
      };
    (seen ? after : before).push(...ids);
  }
  return { ok: true, value: { before, after } };
}

function specialIds(
  token: Json | undefined,
  special: JsonObject,
  size: number,
): readonly number[] | undefined {
  const name = isJsonObject(token) ? token['id'] : undefined;
  const entry = typeof name === 'string' ? special[name] : undefined;
  const ids = isJsonObject(entry) ? entry['ids'] : undefined;
  return Array.isArray(ids) && ids.every((id) => Number.isInteger(id) && id >= 0 && id < size)
    ? ids
    : undefined;
}
