import { isJsonObject, type Json } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import { longestReplacement, readCharMap } from '../sentencepiece/char-map.ts';
import { precompiled } from './precompiled.ts';

/** Rewrites a text before it is cut. */
export type TextRule = (text: string) => string;

/**
 * Reads the `normalizer` of a tokenizer.json (tokenizers 0.22); null means no normalization. A type that T5's
 * family does not use is an error that names it.
 */
export function readTextRule(json: Json | undefined): Result<TextRule> {
  if (json === undefined || json === null) return { ok: true, value: (text) => text };
  const list = isJsonObject(json) && json['type'] === 'Sequence' ? json['normalizers'] : [json];
  if (!Array.isArray(list)) return { ok: false, error: 'its normalizer Sequence lists no normalizers' };
  const rules: Rule[] = [];
  for (const item of list) {
    const rule = readRule(item);
    if (!rule.ok) return rule;
    rules.push(rule.value);
  }
  const growth = rules.reduce((product, rule) => product * rule.growth, 1);
  if (growth > mostGrowth || rules.length > mostRules)
    return {
      ok: false,
      error:
        `its normalizer could make a text ${growth} times as long, in ${rules.length} steps: expected ` +
        `at most ${mostGrowth} times in ${mostRules}`,
    };
  return { ok: true, value: (text) => rules.reduce((rewritten, { rewrite }) => rewrite(rewritten), text) };
}

/** Takes the white space off the end. */
export function stripEnd(text: string): string {
  let end = text.length;
  // From the end on: a pattern would begin again at every space inside. No white space lies outside the BMP.
  while (end > 0 && whiteSpace.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const whiteSpace = /\p{White_Space}/u;

/** Two spaces or more become one U+2581. */
export const replaceRuns: TextRule = (text) => text.replaceAll(/ {2,}/g, '\u2581');

/**
 * A rule, and the largest factor by which it can lengthen a text, so that no file makes a text grow without
 * bounds.
 */
interface Rule {
  readonly rewrite: TextRule;
  readonly growth: number;
}

const mostGrowth = 2 ** 14;
const mostRules = 32;

function readRule(json: Json): Result<Rule> {
  const type = isJsonObject(json) ? json['type'] : undefined;
  if (!isJsonObject(json) || typeof type !== 'string')
    return { ok: false, error: 'its normalizer has no type' };
  switch (type) {
    case 'Precompiled':
      return readPrecompiled(json['precompiled_charsmap']);
    case 'Strip':
      return {
        ok: true,
        value: { rewrite: stripped(json['strip_left'] === true, json['strip_right'] === true), growth: 1 },
      };
    case 'Replace':
      return readReplace(json['pattern'], json['content']);
    case 'Prepend':
      return readPrepend(json['prepend']);
    // The longest decomposition of one UTF-16 unit has 18.
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return { ok: true, value: { rewrite: (text) => text.normalize(type), growth: 18 } };
    default:
      return {
        ok: false,
        error:
          `its normalizer is of type ${type}: expected Precompiled, Strip, Replace, Prepend, NFC, NFD, ` +
          'NFKC, NFKD, or a Sequence of them',
      };
  }
}

function readPrecompiled(json: Json | undefined): Result<Rule> {
  if (typeof json !== 'string')
    return { ok: false, error: 'its normalizer Precompiled has no precompiled_charsmap' };
  const charMap = readCharMap(Buffer.from(json, 'base64'));
  if (!charMap.ok) return charMap;
  return {
    ok: true,
    value:
      charMap.value === undefined
        ? { rewrite: (text) => text, growth: 1 }
        : { rewrite: precompiled(charMap.value), growth: Math.max(1, longestReplacement(charMap.value)) },
  };
}

function stripped(start: boolean, end: boolean): TextRule {
  return (text) => {
    const rest = start ? text.replace(/^\p{White_Space}+/u, '') : text;
    return end ? stripEnd(rest) : rest;
  };
}

function readPrepend(prefix: Json | undefined): Result<Rule> {
  if (typeof prefix !== 'string')
    return { ok: false, error: 'its normalizer Prepend has no text to prepend' };
  return {
    ok: true,
    value: { rewrite: (text) => (text === '' ? '' : prefix + text), growth: 1 + prefix.length },
  };
}

/**
 * A pattern is a text, or a regular expression: of those, one character with a quantifier, which no text can
 * make slow.
 */
function readReplace(pattern: Json | undefined, content: Json | undefined): Result<Rule> {
  const { String: text, Regex: regex } = isJsonObject(pattern) ? pattern : {};
  if (typeof content !== 'string') return { ok: false, error: 'its normalizer Replace has no content' };
  const found =
    typeof text === 'string' ? text : typeof regex === 'string' ? simplePattern(regex) : undefined;
  if (found === undefined || found === '')
    return {
      ok: false,
      error:
        `its normalizer Replace has the pattern ${JSON.stringify(pattern)?.slice(0, 80)}: expected a ` +
        'string, or one character with a quantifier',
    };
  return {
    ok: true,
    value: { rewrite: (from) => from.replaceAll(found, () => content), growth: Math.max(1, content.length) },
  };
}

function simplePattern(source: string): RegExp | undefined {
  if (!/^(?:[^\\^$.*+?()[\]{}|]|\\[\\^$.*+?()[\]{}|s])(?:\{[1-9]\d{0,3}(?:,\d{0,4})?\}|\+)?$/u.test(source))
    return undefined;
  try {
    return new RegExp(source.replace('\\s', '\\p{White_Space}'), 'gu');
  } catch {
    return undefined; // {3,2}
  }
}
