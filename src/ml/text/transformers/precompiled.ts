import { memoize } from '../../../memory.ts';
import { type CharMap, findRule, textEnd } from '../sentencepiece/char-map.ts';
import { wordMemory } from '../word-memory.ts';

/**
 * A precompiled character map as tokenizers applies it (spm_precompiled, and normalizers/precompiled.rs of
 * tokenizers 0.22). Unlike in sentencepiece, a grapheme of up to five bytes is replaced as a whole by the
 * rule of its shortest prefix that has one; a longer one, or one without a rule, character by character.
 */
export function precompiled(charMap: CharMap): (text: string) => string {
  const joined = graphemeRuns();
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  const single = memoize((character: string) => ruleText(charMap, character) ?? character, wordMemory);
  const several = (grapheme: string): string => {
    const whole = Buffer.byteLength(grapheme) < 6 ? ruleText(charMap, grapheme) : undefined;
    return whole ?? Array.from(grapheme, single).join('');
  };
  return (text) => {
    let output = '';
    let done = 0;
    for (const { 0: run, index } of text.matchAll(joined)) {
      for (const character of text.slice(done, index)) output += single(character);
      for (const { segment } of segmenter.segment(run)) output += several(segment);
      done = index + run.length;
    }
    for (const character of text.slice(done)) output += single(character);
    return output;
  };
}

/** What the shortest beginning of a text that has a rule is replaced by. NUL ends the text. */
function ruleText(charMap: CharMap, text: string): string | undefined {
  const bytes = Buffer.from(text);
  const nul = bytes.indexOf(0);
  const found = { length: 0, text: 0 };
  findRule(charMap, nul === -1 ? bytes : bytes.subarray(0, nul), 0, found, 'shortest');
  return found.length === 0
    ? undefined
    : Buffer.from(charMap.texts.subarray(found.text, textEnd(charMap, found.text))).toString();
}

/**
 * Runs in which characters may join to graphemes. Two neighbours of the characters listed here never do
 * (UAX 29: they are no marks, no Hangul, no flags, no joiners, and no carriage return), so only what is next
 * to others goes to the segmenter, which is slow.
 */
function graphemeRuns(): RegExp {
  const separate =
    String.raw`\t\n -~\xa0-\u02ff\u2010-\u2027\u2030-\u205e\u3000-\u3029` +
    String.raw`\u3040-\u3096\u30a0-\u30ff\u3400-\u9fff\uff01-\uff9d`;
  return new RegExp(`[${separate}]?(?:[^${separate}]+[${separate}]?)+`, 'g');
}
