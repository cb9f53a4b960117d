import type { Row } from '../../src/ml/dataset/row.ts';
import type { Language } from './lexicon.ts';
import type { Random } from './random.ts';
import { below } from './random.ts';

/**
 * T5's denoising task on words (English) or characters (Chinese): spans of one to three are replaced by
 * sentinels, and the target names each sentinel with what it hides, closed by one sentinel more (Raffel et
 * al. 2020, figure 2).
 */
export function corruptSpans(random: Random, language: Language, text: string): Row {
  const units = language === 'en' ? text.split(' ') : Array.from(text);
  const kept: string[] = [];
  const hidden: string[] = [];
  let sentinels = 0;
  for (let at = 0; at < units.length;) {
    // Spans start with probability 1/8 and hide 2 units on average: a fifth of the text.
    const length =
      random() < 0.125 || (sentinels === 0 && at === units.length - 1) ? 1 + below(random, 3) : 0;
    if (length === 0) {
      kept.push(units[at] ?? '');
      at += 1;
    } else {
      const sentinel = `<extra_id_${sentinels}>`;
      kept.push(sentinel);
      hidden.push(sentinel, ...units.slice(at, at + length));
      sentinels += 1;
      at += length;
      // Two sentinels never touch, or one span would have two names.
      if (at < units.length) kept.push(units[at] ?? '');
      at += 1;
    }
  }
  const glue = language === 'en' ? ' ' : '';
  return { human: kept.join(glue), assistant: [...hidden, `<extra_id_${sentinels}>`].join(glue) };
}
