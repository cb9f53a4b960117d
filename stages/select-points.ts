import { fileProblemText } from '../src/files/file-problem.ts';
import { isJsonObject, type Json, readJson, writeJson } from '../src/files/json.ts';
import type { Result } from '../src/result.ts';
import type { Best } from '../src/stage/best.ts';
import type { Gathered, Value } from '../src/stage/context.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { bestSchema } from './results/best-param.ts';

interface SelectParams {
  /** The axis whose values are compared. */
  readonly axis: string;
  /** How many of them go on. */
  readonly keep: number;
  /** The criterion of `${best}`: by default the lowest selection loss. */
  readonly best?: Best;
}

/**
 * The best points of an axis by the summaries of their trainings, as a list that a matrix can take values
 * from.
 */
export const stage = defineStage<SelectParams, 'trainings', 'points'>({
  params: {
    type: 'object',
    properties: { axis: { type: 'string' }, keep: { type: 'integer', minimum: 1 }, best: bestSchema },
    required: ['axis', 'keep'],
    additionalProperties: false,
  },
  deps: ['trainings'],
  outs: ['points'],
  async run({ params: { axis, keep, best }, gathered: { trainings }, outs }) {
    const metric = best?.by.split('.').slice(2) ?? ['selection_loss'];
    const losses = new Map<string, { readonly point: Value; readonly values: number[] }>();
    for (const training of trainings) {
      const point = training.axes[axis];
      if (point === undefined)
        return { ok: false, error: `a training that is gathered has no axis ${JSON.stringify(axis)}` };
      const value = await numberOf(training, metric);
      if (!value.ok) return value;
      const name = JSON.stringify(point);
      const { values } = losses.get(name) ?? { values: [] };
      losses.set(name, { point, values: [...values, value.value] });
    }
    // Trainings that share a point, with other seeds for example, are one by their mean; NaN is never good.
    const ranked = [...losses.values()]
      .map(({ point, values }) => ({
        point,
        mean: values.reduce((sum, value) => sum + value, 0) / values.length,
      }))
      .filter(({ mean }) => !Number.isNaN(mean))
      .sort((a, b) => (best?.goal === 'max' ? b.mean - a.mean : a.mean - b.mean));
    if (ranked.length === 0) return { ok: false, error: `no training has a number ${metric.join('.')}` };
    const written = await writeJson(
      outs.points,
      ranked.slice(0, keep).map(({ point }) => point),
    );
    return written.ok ? undefined : { ok: false, error: fileProblemText(written.error) };
  },
});

/** NaN where the summary has no such number: a training without an evaluation is not chosen. */
async function numberOf({ path }: Gathered, names: readonly string[]): Promise<Result<number>> {
  const summary = await readJson(path);
  if (!summary.ok) return { ok: false, error: fileProblemText(summary.error) };
  let value: Json | undefined = summary.value;
  for (const name of names) value = isJsonObject(value) ? value[name] : undefined;
  return { ok: true, value: typeof value === 'number' ? value : NaN };
}
