import { join } from 'node:path';
import { fileProblemText } from '../files/file-problem.ts';
import type { ModelResults, TracedResult } from '../runner/answers/models.ts';
import type { MetricValue } from '../runner/answers/results.ts';
import type { SeriesPoint } from '../runner/answers/runs.ts';
import { flatParams, type ParamValue } from './flat-params.ts';
import { type Prediction, readPredictions } from './read-predictions.ts';
import { readSamples, type SampleRows } from './read-samples.ts';
import { readSeriesFile } from './read-series-file.ts';

/** A tracker's data of one model: its params, its series, and the metrics of its evaluations. */
export interface TrackerRun {
  /** From the key: exporting a model again replaces its earlier export. */
  readonly id: string;
  /** The instance, as `train[aimc,lora]`. */
  readonly name: string;
  readonly key: string;
  /**
   * The pipeline run that it is shown under; undefined: this machine has no record of the one that computed
   * it.
   */
  readonly group: string | undefined;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly device: string | undefined;
  /** Names in a map joined by ".". */
  readonly params: Readonly<Record<string, ParamValue>>;
  readonly series: Readonly<Record<string, readonly TimedPoint[]>>;
  readonly metrics: readonly TrackedMetric[];
  readonly predictions: readonly PredictionTable[];
  readonly samples: readonly { readonly source: string; readonly rows: SampleRows }[];
}

/** `at`: undefined where no event tells when the step was made. */
export type TimedPoint = Pick<SeriesPoint, 'step' | 'value'> & { readonly at: number | undefined };

/** A point of a series on its way to a tracker. */
export type LivePoint = TimedPoint & { readonly name: string };

interface TrackedMetric {
  /**
   * "eval": the stage that counted it, and how its axes are labelled that the model has not: "eval[greedy]".
   */
  readonly source: string;
  readonly instance: string;
  readonly name: string;
  readonly value: MetricValue;
  /** When it was counted. */
  readonly at: number | undefined;
}

/** The answers of a model to the questions of a test. */
export interface PredictionTable {
  readonly source: string;
  readonly instance: string;
  readonly rows: readonly Prediction[];
}

/** `warnings`: files that could not be read; their content is left out. */
interface ReadRun {
  readonly run: TrackerRun;
  readonly warnings: readonly string[];
}

/** Reads all that a tracker shows of a model. `run`: the requested pipeline run. */
export async function readTrackerRun(
  root: string,
  { model, evaluations }: ModelResults,
  run?: string,
): Promise<ReadRun> {
  const warnings: string[] = [];
  const results = [model, ...evaluations];
  const sources = sourceNames(model, evaluations);
  const sourceOf = (result: TracedResult): string => sources.get(result) ?? result.stage;
  for (const { faults } of results) warnings.push(...faults.map(fileProblemText));
  const predictions: PredictionTable[] = [];
  for (const result of results) {
    const file = result.files['predictions']?.file;
    if (file === undefined) continue;
    const rows = await readPredictions(join(root, file));
    if (rows.ok) predictions.push({ source: sourceOf(result), instance: result.instance, rows: rows.value });
    else warnings.push(`predictions of ${result.instance}: ${fileProblemText(rows.error)}`);
  }
  const samples: TrackerRun['samples'][number][] = [];
  for (const result of results) {
    const file = result.files['samples']?.file;
    if (file === undefined) continue;
    const rows = await readSamples(join(root, file));
    if (!rows.ok) warnings.push(`samples of ${result.instance}: ${fileProblemText(rows.error)}`);
    else if (rows.value !== undefined) samples.push({ source: sourceOf(result), rows: rows.value });
  }
  const series = await seriesOf(root, model, warnings);
  return {
    warnings,
    run: {
      id: runId(model.key),
      name: model.instance,
      key: model.key,
      group: run ?? model.run,
      startedAt: model.startedAt,
      finishedAt: model.finishedAt,
      device: model.device && `${model.device.runtime}, ${model.device.device}`,
      params: flatParams(model.params),
      series,
      metrics: results.flatMap((result) =>
        Object.entries(result.metrics).map(([name, value]) => ({
          source: sourceOf(result),
          instance: result.instance,
          name,
          value,
          at: result.finishedAt,
        })),
      ),
      predictions,
      samples,
    },
  };
}

/** 64 bits of the key: with a million models, two have the same with a probability of 3e-8. */
export const runId = (key: string): string => key.slice(0, 16);

/**
 * The stage of each result; where two of a stage belong to the model, with the labels of the axes that the
 * model has not, so that a metric has one name in all models.
 */
function sourceNames(
  model: TracedResult,
  evaluations: readonly TracedResult[],
): ReadonlyMap<TracedResult, string> {
  const count = (stage: string): number => evaluations.filter((one) => one.stage === stage).length;
  return new Map(
    evaluations.map((result) => {
      const own = Object.entries(result.labels).filter(([axis, label]) => model.labels[axis] !== label);
      const isAlone = count(result.stage) === 1 && result.stage !== model.stage;
      return [result, isAlone ? result.stage : `${result.stage}[${own.map(([, label]) => label).join(',')}]`];
    }),
  );
}

/**
 * The outs of kind `series` are complete; what the stage reported has the time of each step, and series that
 * it never wrote into a file.
 */
async function seriesOf(
  root: string,
  model: TracedResult,
  warnings: string[],
): Promise<TrackerRun['series']> {
  const series: Record<string, readonly TimedPoint[]> = { ...model.series };
  const files = Object.entries(model.files).filter(([, { kind }]) => kind === 'series');
  const taken = new Set<string>();
  for (const [out, { file }] of files) {
    const read = await readSeriesFile(join(root, file));
    if (!read.ok) {
      warnings.push(`${out} of ${model.instance}: ${fileProblemText(read.error)}`);
      continue;
    }
    for (const [name, points] of Object.entries(read.value)) {
      const times = new Map(model.series[name]?.map(({ step, at }) => [step, at]));
      const shown = taken.has(name) ? `${out}.${name}` : name;
      series[shown] = points.map((point) => ({ ...point, at: times.get(point.step) }));
      taken.add(name);
    }
  }
  return series;
}
