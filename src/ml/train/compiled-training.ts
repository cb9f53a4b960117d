import type { Disk } from '../../files/disk.ts';
import type { Feed, Feeds } from '../model/packed-rows.ts';
import type { TrainingSession, Values } from '../runtime/runtime.ts';
import type { Tensors } from './checkpoints.ts';
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

/** All that a checkpoint holds, by its names there. */
export async function tensorsOf(compiled: CompiledTraining): Promise<Tensors> {
  const names = [...parameterNames(compiled), ...compiled.session.memory];
  const values = floats(await compiled.session.read(names));
  return new Map(Object.entries(values).map(([name, { data }]) => [storedName(compiled, name), data]));
}

const floats = (values: Values): Readonly<Record<string, FloatFeed>> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (value.dtype !== 'float32') throw new Error(`the variable "${name}" is ${value.dtype}`);
      return [name, value];
    }),
  );

type FloatFeed = Feed & { readonly dtype: 'float32' };
