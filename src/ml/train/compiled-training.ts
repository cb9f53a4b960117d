import type { Disk } from '../../files/disk.ts';
import { bytesOf } from '../checkpoint/host-tensor.ts';
import { type LazyTensor, type LazyTensors, lending } from '../checkpoint/lazy-tensor.ts';
import { elementCount } from '../element-count.ts';
import type { Feed, Feeds } from '../model/packed-rows.ts';
import type { TrainingSession, Values } from '../runtime/runtime.ts';
import type { HeldOut } from './held-out-loss.ts';
import type { TrainOptions } from './train-options.ts';
import type { Trainee } from './trainee.ts';

/** A training whose graphs are compiled. */
export interface CompiledTraining extends Omit<TrainOptions, 'disk' | 'runtime'> {
  readonly disk: Disk;
  readonly trainee: Trainee;
  /** The frozen parameters. */
  readonly frozen: Feeds;
  readonly session: TrainingSession<'evaluate'>;
  readonly heldOut: HeldOut;
}

/** The names of the trained parameters. */
export const parameterNames = ({ trainee }: CompiledTraining): readonly string[] => [
  ...trainee.shapes.keys(),
];

/** A variable's name in a checkpoint. */
export const storedName = ({ trainee }: CompiledTraining, name: string): string =>
  trainee.shapes.has(name) ? `parameter.${name}` : `optimizer.${name}`;

/** The trained parameters as they are now, all at once: gigabytes of a large model if the engine copies. */
export const trainedOf = async (compiled: CompiledTraining): Promise<Feeds> =>
  floats(await compiled.session.read(parameterNames(compiled)));

/** The trained parameters by their names, as a model or an adapter has them. */
export const trainedTensors = ({ session, trainee }: CompiledTraining): LazyTensors =>
  readLater(session, trainee.shapes);

/** All that a checkpoint holds, by its names there. */
export function tensorsOf(compiled: CompiledTraining): LazyTensors {
  const { trainee, session } = compiled;
  const lengths = [
    ...[...trainee.shapes].map(([name, shape]) => [name, elementCount(shape)] as const),
    ...session.memory,
  ];
  const tensors = readLater(session, new Map(lengths.map(([name, length]) => [name, [length]])));
  return new Map([...tensors].map(([name, tensor]) => [storedName(compiled, name), tensor]));
}

/**
 * Variables that are read when they are written, and some at a time: all of a large model would take
 * gigabytes of the host's memory. They are read fastest in the order of their names.
 */
function readLater(session: TrainingSession, shapes: ReadonlyMap<string, readonly number[]>): LazyTensors {
  let read: Readonly<Record<string, FloatFeed>> = {};
  const valueOf = async (name: string): Promise<FloatFeed> => {
    if (read[name] === undefined) {
      read = {};
      read = floats(await session.read(session.readWith(name)));
    }
    const value = read[name];
    if (value === undefined) throw new Error(`the session has not read "${name}"`);
    return value;
  };
  return new Map(
    [...shapes].map(([name, shape]): readonly [string, LazyTensor] => [
      name,
      lending({ dtype: 'float32', shape }, async () => ({ ok: true, value: bytesOf(await valueOf(name)) })),
    ]),
  );
}

const floats = (values: Values): Readonly<Record<string, FloatFeed>> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (value.dtype !== 'float32') throw new Error(`the variable "${name}" is ${value.dtype}`);
      return [name, value];
    }),
  );

type FloatFeed = Feed & { readonly dtype: 'float32' };
