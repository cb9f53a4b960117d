import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import type { Example } from '../dataset/example.ts';
import { dropoutFeeds, rowKeys } from '../model/mt5-dropout.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../model/mt5-feeds.ts';
import { type Feeds, longest } from '../model/packed-rows.ts';
import type { Rows } from '../model/rows.ts';
import { groupByLength, type RowGroups } from '../model/row-groups.ts';
import type { TrainConfig } from './train-config.ts';

/**
 * The feeds of a step's micro-batches. Dropout depends on the seed, the step, and a row's place in the step.
 */
export function stepFeeds(
  microBatches: readonly (readonly Example[])[],
  step: number,
  mt5: Mt5Config,
  { accumulationRule, seed }: TrainConfig,
  { groups: count }: { readonly groups: number },
): readonly Feeds[] {
  const total = microBatches.reduce((sum, rows) => sum + labelCount(rows), 0);
  return microBatches.map((rows, index) => {
    const first = microBatches.slice(0, index).reduce((sum, before) => sum + before.length, 0);
    const weight = accumulationRule === 'tokens' ? 1 / total : 1 / (labelCount(rows) * microBatches.length);
    const [source, target] = [sourcesOf(rows), targetsOf(rows)];
    const groups = groupByLength(source, target, count);
    return {
      ...pairFeeds(rows, mt5, weight, groups),
      ...dropoutFeeds(rowKeys(seed, step, first, rows.length), source, target, groups),
    };
  });
}

/** The feeds of a batch whose loss is the mean over its labels. */
export const evaluationFeeds = (rows: readonly Example[], mt5: Mt5Config): Feeds =>
  pairFeeds(rows, mt5, 1 / labelCount(rows));

/** The tokens of a step, and the share of its padded blocks that is padding. */
export function fillOf(microBatches: readonly (readonly Example[])[]): {
  readonly tokens: number;
  readonly padding: number;
} {
  let [tokens, slots] = [0, 0];
  for (const rows of microBatches) {
    for (const side of [sourcesOf(rows), targetsOf(rows)]) {
      tokens += side.reduce((sum, row) => sum + row.length, 0);
      slots += side.length * longest(side);
    }
  }
  return { tokens, padding: slots === 0 ? 0 : 1 - tokens / slots };
}

const pairFeeds = (rows: readonly Example[], mt5: Mt5Config, weight: number, groups?: RowGroups): Feeds => ({
  ...sourceFeeds(sourcesOf(rows), mt5, groups),
  ...targetFeeds(shiftRight(targetsOf(rows), mt5), mt5, groups),
  ...labelFeeds(targetsOf(rows), weight),
});

const sourcesOf = (rows: readonly Example[]): Rows => rows.map(({ source }) => source);
const targetsOf = (rows: readonly Example[]): Rows => rows.map(({ target }) => target);
const labelCount = (rows: readonly Example[]): number =>
  rows.reduce((sum, { target }) => sum + target.length, 0);
