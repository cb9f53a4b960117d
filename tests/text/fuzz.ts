import { makeTokenizer, type Tokenization, type TokenizerFiles } from '../../src/ml/text/make-tokenizer.ts';
import {
  encodePieces,
  normalizeText,
  readSentencePiece,
} from '../../src/ml/text/sentencepiece/sentencepiece.ts';
import { mutated, seeded } from '../checkpoint/mutations.ts';

/** How a round of damaged files went: what was not accepted was refused; a crash is thrown on. */
export interface FuzzOutcome {
  accepted: number;
  refused: number;
}

/**
 * Damages one of the files `count` times and encodes and decodes texts with what is still accepted. Throws
 * where ids leave the vocabulary, an encoding is longer than asked for, or a text grows out of proportion.
 */
export function fuzzTokenizer(
  files: TokenizerFiles,
  damaged: 'model' | 'vocabulary' | 'tokenizer',
  tokenization: Tokenization,
  count: number,
  seed: number,
): FuzzOutcome {
  const random = seeded(seed);
  const original = bytesOf(files, damaged);
  const outcome = { accepted: 0, refused: 0 };
  for (let round = 0; round < count; round++) {
    const bytes = mutated(original, random);
    const text = randomText(random);
    const at = `round ${round} of seed ${seed}`;
    const content = damaged === 'tokenizer' ? jsonOf(bytes) : bytes;
    const made =
      content === undefined
        ? ({ ok: false } as const)
        : makeTokenizer({ ...files, [damaged]: content }, tokenization);
    outcome[made.ok ? 'accepted' : 'refused']++;
    if (damaged === 'model') checkGrowth(bytes, text, at);
    if (!made.ok) continue;
    const tokenizer = made.value;
    const ids = tokenizer.encode(text);
    if (!ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabularySize))
      throw new Error(`${at}: ids leave the vocabulary of ${tokenizer.vocabularySize}: ${ids.join(' ')}`);
    if (tokenizer.encode(text, { maxLength: 7 }).length > 7)
      throw new Error(`${at}: an encoding is longer than 7`);
    tokenizer.decode(ids, { skipSpecialTokens: true, cleanUp: true });
    tokenizer.decode(Array.from({ length: 12 }, () => Math.floor(random() * (tokenizer.vocabularySize + 3))));
  }
  return outcome;
}

/**
 * No rule of a character map may put in more than 1,024 bytes, so nothing can be longer than that for each
 * byte that is read.
 */
function checkGrowth(bytes: Buffer, text: string, at: string): void {
  const model = readSentencePiece(bytes);
  if (!model.ok) return;
  const most = 1024 * (Buffer.byteLength(text) + 1) * 3;
  if (Buffer.byteLength(normalizeText(model.value, text)) > most)
    throw new Error(`${at}: a text of ${text.length} grew past ${most} bytes`);
  if (encodePieces(model.value, text).length > most)
    throw new Error(`${at}: a text of ${text.length} has more than ${most} pieces`);
}

function bytesOf(files: TokenizerFiles, name: 'model' | 'vocabulary' | 'tokenizer'): Buffer {
  const content = name === 'tokenizer' ? JSON.stringify(files.tokenizer) : files[name];
  if (content === undefined) throw new Error(`no ${name} to damage`);
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
}

function jsonOf(bytes: Buffer): TokenizerFiles['tokenizer'] {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** A text of 0 to 40 parts that tokenizers treat otherwise than letters, and of letters. */
export function randomText(random: () => number): string {
  const below = (limit: number): number => Math.floor(random() * limit);
  const part = (): string => {
    switch (below(5)) {
      case 0:
        return parts[below(parts.length)] ?? '';
      case 1:
        return String.fromCodePoint(below(0x300));
      case 2:
        return String.fromCodePoint(below(0x110000));
      default:
        return String.fromCharCode(0x61 + below(26));
    }
  };
  return Array.from({ length: below(41) }, part).join('');
}

const parts = [
  ' ',
  '  ',
  '\u2581',
  '\t',
  '\r\n',
  '</s>',
  '<unk>',
  '<extra_id_0>',
  '<gap>',
  '[SEP]',
  'the',
  'fever',
  '痛',
  '头痛',
  '三天',
  'e\u0301',
  '\u0301',
  '\u200d',
  '\u{1f468}\u200d\u{1f469}',
  '\u1112\u1161\u11ab',
  '<0x41>',
  '\u0000',
  '\ufffd',
  '\ud800',
  'Σ',
];
