import { canonicalJson } from '../../src/files/canonical-json.ts';
import { fileProblemText } from '../../src/files/file-problem.ts';
import { readJson } from '../../src/files/json.ts';
import type { Result } from '../../src/result.ts';
import type { Gathered } from '../../src/stage/context.ts';
import type { DataAnswer, DataSet, LengthHistogram } from '../../src/pages/result-answers.ts';
import { lengthsIn, preparationIn } from '../../src/pages/results/preparation.ts';
import { grouped, truncationsIn } from '../../src/pages/results/truncation.ts';
import type { Document } from './experiments.ts';
import { byInstance, nameOf } from './model-name.ts';

/**
 * The preparation of the raw data, the lengths of the texts of each split, and how much trainings truncated.
 */
export async function readDataSets(
  preparations: readonly Gathered[],
  splits: Readonly<Record<'train' | 'test', readonly Gathered[]>>,
  trainings: readonly Pick<Document<unknown>, 'axes' | 'document'>[],
): Promise<Result<DataAnswer>> {
  const sets: DataSet[] = [];
  for (const { axes, path } of preparations) {
    const read = await readJson(path);
    if (!read.ok) return { ok: false, error: fileProblemText(read.error) };
    const lengths: LengthHistogram[] = [];
    const instance = nameOf('data', axes);
    for (const [split, members] of Object.entries(splits)) {
      const own = members.find((member) => nameOf('data', member.axes) === instance);
      if (own !== undefined) lengths.push(...(await lengthsIn(split, own.path)));
    }
    const truncations = trainings
      .filter((training) => isOf(axes, training.axes))
      .flatMap((training) => truncationsIn(nameOf('model', training.axes), training.document));
    sets.push({ instance, ...preparationIn(read.value), lengths, truncations: grouped(truncations) });
  }
  return { ok: true, value: { sets: byInstance(sets), faults: [] } };
}

/** Whether a result belongs to a point of fewer axes. */
const isOf = (point: Gathered['axes'], axes: Gathered['axes']): boolean =>
  Object.entries(point).every(([axis, value]) => canonicalJson(axes[axis] ?? null) === canonicalJson(value));
