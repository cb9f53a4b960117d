import { elementCount } from '../../element-count.ts';
import { optimizerMemory } from '../optimizer.ts';
import type { HostValue, TrainingPlan, TrainingSession, Update, Values } from '../runtime.ts';
import { runCall } from './entries.ts';
import { optimizerFeeds } from './optimizers.ts';
import { openEntries, type OpenedEngine } from './session.ts';
import { accumulatorOf, lowerTraining } from './training-step.ts';
import { assignVariables, groupOf, lowerGroups, readVariables, zeroGroups } from './variable-groups.ts';

/** A training whose parameters, moments and gradients stay on the device: a micro-batch is one call. */
export async function openTrainingSession<Name extends string>(
  { training, ...plan }: TrainingPlan<Name>,
  engine: OpenedEngine,
): Promise<TrainingSession<Name>> {
  const { graph: gradients, trained, optimizer, accumulation } = training;
  const memory = new Map(
    [...trained].flatMap(([name, shape]) => Object.entries(optimizerMemory(optimizer, name, shape))),
  );
  const accumulators = new Map(
    accumulation > 1 ? [...trained].map(([name, shape]) => [accumulatorOf(name), shape] as const) : [],
  );
  const { program, shapes, run, more } = openEntries(
    plan,
    { held: new Map([...trained, ...memory, ...accumulators]), reads: [gradients.graph] },
    engine,
    (graph, held) => ({
      callAt: lowerTraining(graph, held, training),
      groups: [...lowerGroups(graph, held, trained), ...lowerGroups(graph, held, memory)],
    }),
  );
  const { callAt, groups } = more;
  zeroGroups(program, groups);
  return {
    memory: new Map([...memory].map(([name, shape]) => [name, elementCount(shape)])),
    run: async (name, feeds) => run(name, feeds),
    async step(microBatches, update) {
      if (microBatches.length > accumulation)
        throw new Error(`${microBatches.length} micro-batches, expected at most ${accumulation}`);
      let [loss, gradientNorm] = [0, Number.NaN];
      for (const [index, feeds] of microBatches.entries()) {
        const isLast = index === microBatches.length - 1;
        const call = callAt(isLast ? (index === 0 ? 'only' : 'last') : index === 0 ? 'first' : 'more');
        const scalars = isLast ? { ...optimizerFeeds(optimizer, update), ...stepFeeds(update, loss) } : {};
        const results = runCall(program, call, { ...feeds, ...scalars }, shapes);
        loss += numberOf(results, 'loss');
        if (isLast) gradientNorm = numberOf(results, 'norm');
      }
      return { loss, gradientNorm };
    },
    read: async (names) => readVariables(program, groups, names),
    readWith: (name) => groupOf(groups, name).members.map((member) => member.name),
    assign: (names, fill) => assignVariables(program, groups, names, fill),
    release: async () => program.release(),
  };
}

/** A norm without a limit is clipped to infinity, which changes nothing. */
const stepFeeds = ({ maxGradientNorm }: Update, earlierLoss: number): Values => ({
  'step.maxGradientNorm': real(maxGradientNorm ?? Infinity),
  'step.earlierLoss': real(earlierLoss),
});

const real = (value: number): HostValue => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

const numberOf = (values: Values, name: string): number => Number(values[name]?.data[0] ?? Number.NaN);
