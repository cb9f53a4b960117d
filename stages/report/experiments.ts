import type { ExperimentsAnswer, ModelAnswer } from '../../src/pages/result-answers.ts';
import { leavesOf, type MeasuredPart, modelAnswer } from '../../src/pages/results/model-answer.ts';
import { measuredNumbers } from '../../src/files/measured-numbers.ts';
import type { Json } from '../../src/files/json.ts';
import type { BestPoints } from '../results/best-points.ts';
import type { Evaluation, TrainingSummary } from '../results/evaluation.ts';
import { metricTable } from '../../src/ml/metrics/metric-table.ts';
import { type Axed, foundByAxes, type ScoreRow } from '../results/score-row.ts';
import { selectionScore } from '../results/scores.ts';
import { byInstance, labelsOf, nameOf } from './model-name.ts';

/** The parsed metrics file: the page shows every number in it. */
export type Document<T> = Axed<T> & { readonly document: Json };

export interface Experiments {
  readonly evaluations: readonly Document<Evaluation>[];
  readonly trainings: readonly Document<TrainingSummary>[];
  /** Each point with its seeds, in the form that is ranked. */
  readonly rows: readonly ScoreRow[];
  readonly points: BestPoints;
}

/** One row an evaluated model: what its evaluation and its training measured, and how it ranks. */
export function experimentsOf({ evaluations, trainings, rows, points }: Experiments): ExperimentsAnswer {
  const trainingOf = foundByAxes(trainings);
  const documents = new Map(trainings.map((training) => [training.content, training.document]));
  const rowOf = new Map(
    rows.flatMap((row) => row.evaluations.map((evaluation) => [evaluation, row] as const)),
  );
  const models = evaluations.map((evaluation): ModelAnswer => {
    const training = trainingOf(evaluation.axes);
    const row = rowOf.get(evaluation.content);
    const name = nameOf('model', evaluation.axes);
    const part = (stage: string, numbers: Numbers): MeasuredPart => ({
      instance: name,
      stage,
      isCurrent: true,
      axes: evaluation.axes,
      labels: labelsOf(evaluation.axes),
      params: paramsOf(evaluation.axes),
      adopted: row?.adopted,
      best: row !== undefined && points.best.has(row) ? points.by : undefined,
      ...numbers,
    });
    const answer = modelAnswer(name, [
      part('train', trainingNumbers(training && documents.get(training.content), row, training?.content)),
      part('eval', evaluationNumbers(evaluation)),
    ]);
    return row !== undefined && points.tied.has(row) ? { ...answer, isTied: true } : answer;
  });
  return {
    models: byInstance(models),
    warnings: points.warnings.map(({ text }) => text),
    notes: notesOf(rows),
  };
}

type Numbers = Pick<MeasuredPart, 'values' | 'intervals' | 'ranges' | 'rows' | 'scales'>;

/** What can differ between models: the values of their axes, but what names them. */
const paramsOf = ({ dataset: _dataset, ...axes }: Axed<unknown>['axes']): MeasuredPart['params'] =>
  Object.fromEntries(Object.entries(leavesOf(axes)).filter(([path]) => !path.endsWith('.name')));

/** All numbers of the summary; the loss that models are ranked by with the interval over its rows. */
function trainingNumbers(
  document: Json | undefined,
  row: ScoreRow | undefined,
  summary: TrainingSummary | undefined,
): Numbers {
  if (document === undefined || row === undefined || summary === undefined) return { values: {} };
  const own = row.trainings.filter((training) => training.summary === summary);
  const loss = selectionScore({ ...row, trainings: own });
  const values = Object.fromEntries(
    measuredNumbers(document)
      .filter(({ path }) => path[0] !== 'untrained_loss')
      .map(({ path, value }) => [path.join('.'), value] as const),
  );
  return loss === undefined
    ? { values }
    : {
        values: { ...values, selection_loss: loss.value },
        intervals: loss.interval === undefined ? {} : { selection_loss: loss.interval },
        ranges: loss.method === 'range' ? ['selection_loss'] : [],
        rows: { selection_loss: loss.rows },
      };
}

/** All numbers of metrics.json, and those of parts of the rows. */
function evaluationNumbers({ document, content }: Document<Evaluation>): Numbers {
  const numbers = [
    ...measuredNumbers(document).map((number) => ({ ...number, name: number.path.join('.') })),
    ...content.slices.map(({ by, slice, rougeL: { mean, low, high, method, rows } }) => ({
      name: `rougeL of ${by} ${slice}`,
      value: mean,
      interval: [low, high] as const,
      isRange: method === 'range',
      rows,
      scale: metricTable.rougeL.scale,
    })),
  ];
  return {
    values: Object.fromEntries(numbers.map(({ name, value }) => [name, value])),
    intervals: Object.fromEntries(
      numbers.flatMap(({ name, interval }) => (interval === undefined ? [] : [[name, interval]])),
    ),
    ranges: numbers.flatMap(({ name, isRange }) => (isRange === true ? [name] : [])),
    rows: Object.fromEntries(numbers.flatMap(({ name, rows }) => (rows === undefined ? [] : [[name, rows]]))),
    scales: Object.fromEntries(
      numbers.flatMap((number) => ('scale' in number ? [[number.name, number.scale]] : [])),
    ),
  };
}

function notesOf(rows: readonly ScoreRow[]): readonly string[] {
  const encoders = new Set(rows.flatMap((row) => row.evaluations.map((one) => one.bertscore_model)));
  return [
    'Multilingual profile: letters of Chinese count as words, and ROUGE-1 always equals F1; metrics whose ' +
      'names start with “metrics.” are of the reference profile, as the original experiment counted.',
    'The selection loss is that of a label token on the validation rows, without smoothing.',
    ...(encoders.size === 0 ? [] : [`BERTScore by ${[...encoders].join(', ')}.`]),
  ];
}
