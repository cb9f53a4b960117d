import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import type { Example } from '../dataset/example.ts';
import type { Split } from '../dataset/split.ts';
import { planOf } from './plan.ts';
import type { TrainConfig } from './train-config.ts';

/**
 * A fault of rows or settings, in words; tokens are checked because an index outside a table is a fault of
 * the engine.
 */
export function faultOf(
  examples: readonly Example[],
  { kept }: Split,
  { vocabSize }: Mt5Config,
  config: TrainConfig,
  tokenText: (id: number) => string = () => '',
): string | undefined {
  if (kept.length === 0 && planOf(config, 1).total > 0)
    return `the validation split holds out all ${examples.length} rows: no rows are left for training`;
  for (const [index, { source, target }] of examples.entries()) {
    const row = index + 1;
    if (source.length === 0 || target.length === 0)
      return (
        `row ${row} has no ` +
        `${source.length === 0 ? 'source' : 'target'} token: expected at least the end of the text`
      );
    const foreign = [...source, ...target].find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
    if (foreign !== undefined)
      return (
        `row ${row} has the token ${shownToken(foreign, tokenText(foreign))}, but the model's ` +
        `vocabulary has ${vocabSize} entries: use the tokenizer of this model`
      );
  }
  return undefined;
}

/** By its text, where it has one, and its id. */
const shownToken = (id: number, text: string): string =>
  text === '' ? String(id) : `${JSON.stringify(text)} (id ${id})`;
