import type { Disk } from '../../files/disk.ts';
import { bytesOf } from '../checkpoint/host-tensor.ts';
import type { LazyTensor, LazyTensors } from '../checkpoint/lazy-tensor.ts';
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

/** The trained parameters as they are now. */
export const trainedOf = async (compiled: CompiledTraining): Promise<Feeds> =>
  floats(await compiled.session.read(parameterNames(compiled)));

/**
 * All that a checkpoint holds, by its names there. Read when it is written, and some at a time: of a large
 * model it would take gigabytes of the host's memory.
 */
export function tensorsOf(compiled: CompiledTraining): LazyTensors {
  const { trainee, session } = compiled;
  const lengths = new Map([
    ...[...trainee.shapes].map(([name, shape]) => [name, elementCount(shape)] as const),
    ...session.memory,
  ]);
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
    [...lengths].map(([name, length]): readonly [string, LazyTensor] => [
      storedName(compiled, name),
      {
        dtype: 'float32',
        shape: [length],
        async readInto(bytes) {
          bytes.set(bytesOf(await valueOf(name)));
          return { ok: true, value: undefined };
        },
      },
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
