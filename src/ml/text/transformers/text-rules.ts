import { isJsonObject, type Json } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import { readCharMap } from '../sentencepiece/char-map.ts';
import { precompiled } from './precompiled.ts';

/** Rewrites a text before it is cut. */
export type TextRule = (text: string) => string;

/** Reads the `normalizer` of a tokenizer.json (tokenizers 0.22); null is none. A type that has no place in T5's family is refused by its name. */
export function readTextRule(json: Json | undefined): Result<TextRule> {
  if (json === undefined || json === null) return { ok: true, value: (text) => text };
  const type = isJsonObject(json) ? json['type'] : undefined;
  if (!isJsonObject(json) || typeof type !== 'string') return { ok: false, error: 'its normalizer has no type' };
  switch (type) {
    case 'Sequence': return readSequence(json['normalizers']);
    case 'Precompiled': return readPrecompiled(json['precompiled_charsmap']);
    case 'Strip': return { ok: true, value: (text) => strippedEnd(strippedStart(text, json['strip_left'] === true), json['strip_right'] === true) };
    case 'Replace': return readReplace(json['pattern'], json['content']);
    case 'Prepend': {
      const prefix = json['prepend'];
      return typeof prefix === 'string' ? { ok: true, value: (text) => (text === '' ? '' : prefix + text) } : { ok: false, error: 'its normalizer Prepend has no text to prepend' };
    }
    case 'NFC': case 'NFD': case 'NFKC': case 'NFKD': return { ok: true, value: (text) => text.normalize(type) };
    default: return { ok: false, error: `its normalizer is of type ${type}: expected Precompiled, Strip, Replace, Prepend, NFC, NFD, NFKC, NFKD, or a Sequence of them` };
  }
}

/** Takes the white space off the end. */
export const stripEnd: TextRule = (text) => text.replace(/\p{White_Space}+$/u, '');

/** Two spaces or more become one U+2581. */
export const replaceRuns: TextRule = (text) => text.replaceAll(/ {2,}/g, '\u2581');

const strippedStart = (text: string, wanted: boolean): string => (wanted ? text.replace(/^\p{White_Space}+/u, '') : text);
const strippedEnd = (text: string, wanted: boolean): string => (wanted ? stripEnd(text) : text);

function readSequence(json: Json | undefined): Result<TextRule> {
  if (!Array.isArray(json)) return { ok: false, error: 'its normalizer Sequence lists no normalizers' };
  const rules: TextRule[] = [];
  for (const item of json) {
    const rule = isJsonObject(item) && item['type'] === 'Sequence' ? { ok: false as const, error: 'its normalizer has a Sequence inside a Sequence' } : readTextRule(item);
    if (!rule.ok) return rule;
    rules.push(rule.value);
  }
  return { ok: true, value: (text) => rules.reduce((rewritten, rule) => rule(rewritten), text) };
}

function readPrecompiled(json: Json | undefined): Result<TextRule> {
  if (typeof json !== 'string') return { ok: false, error: 'its normalizer Precompiled has no precompiled_charsmap' };
  const charMap = readCharMap(Buffer.from(json, 'base64'));
  if (!charMap.ok) return charMap;
  return { ok: true, value: charMap.value === undefined ? (text) => text : precompiled(charMap.value) };
}

/** A pattern is a text, or a regular expression: of those, one character with a quantifier, which no text can make slow. */
function readReplace(pattern: Json | undefined, content: Json | undefined): Result<TextRule> {
  const of = isJsonObject(pattern) ? pattern : {};
  const { String: text, Regex: regex } = of;
  if (typeof content !== 'string') return { ok: false, error: 'its normalizer Replace has no content' };
  if (typeof text === 'string') return { ok: true, value: text === '' ? (from) => from : (from) => from.replaceAll(text, () => content) };
  if (typeof regex !== 'string' || !/^(?:[^\\^$.*+?()[\]{}|]|\\[\\^$.*+?()[\]{}|s])(?:\{\d{1,4}(?:,\d{0,4})?\}|[+])?$/u.test(regex)) {
    return { ok: false, error: `its normalizer Replace has the pattern ${JSON.stringify(pattern)?.slice(0, 80)}: expected a text, or one character with a quantifier` };
  }
  const found = safeRegExp(regex);
  return found === undefined ? { ok: false, error: `its normalizer Replace has the pattern ${JSON.stringify(regex)}, which is none` } : { ok: true, value: (from) => from.replaceAll(found, () => content) };
}

/** `{3,2}` looks like a quantifier and is none. */
function safeRegExp(source: string): RegExp | undefined {
  try {
    return new RegExp(source.replace('\\s', '\\p{White_Space}'), 'gu');
  } catch {
    return undefined;
  }
}
