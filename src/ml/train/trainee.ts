import { elementCount } from '../element-count.ts';
import { fromMemory, type LazyTensors } from '../checkpoint/lazy-tensor.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../checkpoint/mt5-parameters.ts';
import type { Result } from '../../result.ts';
import type { Example } from '../dataset/example.ts';
import { countParameters, initialiseLora, loraShapes, loraTrace, mergedParameters } from '../model/lora.ts';
import { loraTargets } from '../model/lora-targets.ts';
import { blocksOfHead, type HeadBlocks } from '../model/head-blocks.ts';
import { hashedDropout } from '../model/mt5-dropout.ts';
import { lossGraph, type TrainingGraph, trainingGraph } from '../model/mt5-loss.ts';
import { plainTrace } from '../model/mt5-trace.ts';
import { groupsFor } from '../model/row-groups.ts';
import type { Feeds } from '../model/packed-rows.ts';
import type { ComputingPlace } from '../model/computing-place.ts';
import type { Graph } from '../tensor/node.ts';
import { evaluatedTogether } from './held-out-loss.ts';
import type { TrainConfig } from './train-config.ts';

/** A model in training: its graph, and which of its tensors change. */
export interface Trainee {
  /** In training mode: with dropout. */
  readonly training: TrainingGraph;
  readonly evaluation: Graph;
  /** In how many groups of rows a training step computes attention. */
  readonly groups: number;
  /** The trained tensors, by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The values of trained tensors that are not in the model's folder. */
  readonly initial: LazyTensors;
  readonly parameters: ParameterCounts;
  /** All parameters as those of a plain model: an adapter is merged into copies. */
  readonly plain: (parameters: Feeds) => Feeds;
}

export interface ParameterCounts {
  readonly trainable: number;
  readonly all: number;
}

/** The error names the layers that an adapter's configuration selects but the model lacks. */
export function traineeOf(
  config: Mt5Config,
  { method, labelSmoothing, gradientCheckpointing, seed, batch }: TrainConfig,
  examples: readonly Example[],
  place: ComputingPlace,
): Result<Trainee> {
  const blocksFor = (rows: number): HeadBlocks | undefined =>
    blocksOfHead(mostTargetTokens(examples, rows), config.vocabSize, {
      ...place,
      savesMemory: gradientCheckpointing,
    });
  const sides = (['source', 'target'] as const).map((side) =>
    examples.map((example) => example[side].length),
  );
  // A GPU computes padded blocks faster than it starts the many operators of groups.
  const groups = place.device === 'cpu' ? groupsFor(sides, batch) : 1;
  const grouping = { groups, singleRows: groups === batch };
  const options = { labelSmoothing, gradientCheckpointing, headBlocks: blocksFor(batch) };
  const evaluationOptions = { labelSmoothing, blocks: blocksFor(evaluatedTogether) };
  if (method.kind === 'full') {
    const trace = { ...plainTrace(config), dropout: hashedDropout, ...grouping };
    const shapes = mt5ParameterShapes(config);
    const count = [...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0);
    return {
      ok: true,
      value: {
        training: trainingGraph(trace, trace.parameters, options),
        evaluation: lossGraph(plainTrace(config), evaluationOptions),
        groups,
        shapes,
        initial: new Map(),
        parameters: { trainable: count, all: count },
        plain: (parameters) => parameters,
      },
    };
  }
  const targets = loraTargets(method.adapter, config);
  if (!targets.ok) return targets;
  const shapes = loraShapes(targets.value, config);
  const trace = {
    ...loraTrace(config, targets.value, method.adapter.loraDropout, hashedDropout),
    ...grouping,
  };
  return {
    ok: true,
    value: {
      training: trainingGraph(trace, trace.trainable, options),
      evaluation: lossGraph(
        loraTrace(config, targets.value, 0, plainTrace(config).dropout),
        evaluationOptions,
      ),
      groups,
      shapes,
      initial: fromMemory(
        new Map(
          [...initialiseLora(targets.value, seed)].map(([name, data]) => [
            name,
            { dtype: 'float32', shape: shapes.get(name) ?? [], data },
          ]),
        ),
      ),
      parameters: countParameters(targets.value, config),
      plain: (parameters) => mergedParameters(parameters, targets.value),
    },
  };
}

/** The target tokens of the largest batch that the rows can make. */
const mostTargetTokens = (examples: readonly Example[], batch: number): number =>
  examples
    .map(({ target }) => target.length)
    .sort((a, b) => b - a)
    .slice(0, batch)
    .reduce((sum, length) => sum + length, 0);
