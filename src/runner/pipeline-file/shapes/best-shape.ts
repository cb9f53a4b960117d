import type { WrittenBest } from '../pipeline.ts';
import { listOf, optional, record, required, text, word, type Shape } from './shape.ts';

/** For help and schema. */
export const bestDescription = 'which instance of a stage is the best; stages get it as ${best}';

/** `best`, unresolved. */
export const bestShape: Shape<WrittenBest> = record('a map with by, goal and within', {
  by: required(text, 'a number of an out of kind metrics: stage.out.name, as train.summary.selection_loss'),
  goal: required(word(['min', 'max']), 'whether the smallest or the greatest is the best'),
  within: optional(
    listOf('a list of axes', text),
    'axes of the stage: one best for each of their values; default: one of all instances',
  ),
});
