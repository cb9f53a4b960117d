import { readJsonLines } from '../../src/files/json-lines.ts';
import { readJson } from '../../src/files/json.ts';
import { fileProblemText } from '../../src/files/file-problem.ts';
import { metricNames, textMetricNames } from '../../src/ml/metrics/metric-table.ts';
import type { Result } from '../../src/result.ts';
import type { Gathered } from '../../src/stage/context.ts';
import { type Axed, type ScoreRow, scoreRows } from './score-row.ts';
import type { Evaluation, Samples, TrainingSummary, ValidationRow } from './evaluation.ts';

/** What the rows of the tables are joined from; losses of validation rows are not always gathered. */
export interface GatheredScores {
  readonly evaluations: readonly Gathered[];
  readonly trainings: readonly Gathered[];
  readonly validations?: readonly Gathered[];
}

/** The parsed results, and the rows of the tables: each evaluation with its training. */
export interface Scores {
  readonly evaluations: readonly Axed<Evaluation>[];
  readonly trainings: readonly Axed<TrainingSummary>[];
  readonly rows: readonly ScoreRow[];
}

export async function readScores(gathered: GatheredScores): Promise<Result<Scores>> {
  const evaluations = await readEvaluations(gathered.evaluations);
  if (!evaluations.ok) return evaluations;
  const trainings = await readSummaries(gathered.trainings);
  if (!trainings.ok) return trainings;
  const validations = await readValidations(gathered.validations ?? []);
  if (!validations.ok) return validations;
  const rows = scoreRows(evaluations.value, trainings.value, validations.value);
  return { ok: true, value: { evaluations: evaluations.value, trainings: trainings.value, rows } };
}

const evaluationText = 'the metrics of an evaluation';

export const readEvaluation = (path: string): Promise<Result<Evaluation>> =>
  readOne(path, isEvaluation, evaluationText);

const readEvaluations = (members: readonly Gathered[]): Promise<Result<readonly Axed<Evaluation>[]>> =>
  readAll(members, isEvaluation, evaluationText);

const readSummaries = (members: readonly Gathered[]): Promise<Result<readonly Axed<TrainingSummary>[]>> =>
  readAll(members, isSummary, 'the summary of a training');

export const readSamples = (members: readonly Gathered[]): Promise<Result<readonly Axed<Samples>[]>> =>
  readAll(members, isSamples, 'the samples of a model');

/** The losses of each training's validation rows. */
const readValidations = (
  members: readonly Gathered[],
): Promise<Result<readonly Axed<readonly ValidationRow[]>[]>> => readLines(members, isValidationRow);

/** Reads one file of JSON Lines a member; lines of other kinds are passed over. */
async function readLines<T>(
  members: readonly Gathered[],
  isT: (value: unknown) => value is T,
): Promise<Result<readonly Axed<readonly T[]>[]>> {
  const files: Axed<readonly T[]>[] = [];
  for (const { path, ...member } of members) {
    const content: T[] = [];
    for await (const line of readJsonLines(path)) {
      if (!line.ok) return { ok: false, error: fileProblemText(line.error) };
      const value: unknown = line.value.value;
      if (isT(value)) content.push(value);
    }
    files.push({ ...member, content });
  }
  return { ok: true, value: files };
}

/**
 * Reads one JSON document a member, each checked for the fields that are used; the first wrong one is the
 * error.
 */
async function readAll<T>(
  members: readonly Gathered[],
  isT: (value: unknown) => value is T,
  what: string,
): Promise<Result<readonly Axed<T>[]>> {
  const contents: Axed<T>[] = [];
  for (const { path, ...member } of members) {
    const read = await readOne(path, isT, what);
    if (!read.ok) return read;
    contents.push({ ...member, content: read.value });
  }
  return { ok: true, value: contents };
}

async function readOne<T>(
  path: string,
  isT: (value: unknown) => value is T,
  what: string,
): Promise<Result<T>> {
  const read = await readJson(path);
  if (!read.ok) return { ok: false, error: fileProblemText(read.error) };
  const value: unknown = read.value;
  return isT(value) ? { ok: true, value } : { ok: false, error: `${path} does not hold ${what}` };
}

const isEvaluation = (value: unknown): value is Evaluation =>
  isRecord(value) &&
  typeof value['num_samples'] === 'number' &&
  hasNumbers(value['metrics'], metricNames()) &&
  hasNumbers(value['multilingual'], textMetricNames()) &&
  hasNumbers(value['corpus'], ['bleu', 'chrf']) &&
  isRecord(value['intervals']) &&
  isRecord(value['interval_methods']);

const isSummary = (value: unknown): value is TrainingSummary =>
  isRecord(value) &&
  hasNumbers(value, ['steps', 'trainable_parameters', 'all_parameters', 'validation_rows']) &&
  ['base_model', 'validation_digest'].every((name) => typeof value[name] === 'string') &&
  ['best_validation_loss', 'selection_loss'].every(
    (name) => value[name] === null || typeof value[name] === 'number',
  );

const isValidationRow = (value: unknown): value is ValidationRow =>
  hasNumbers(value, ['row', 'tokens', 'loss']);

const isSamples = (value: unknown): value is Samples =>
  isRecord(value) &&
  isTexts(value['questions']) &&
  isRecord(value['answers']) &&
  Object.values(value['answers']).every(isTexts);

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

const hasNumbers = (value: unknown, names: readonly string[]): boolean =>
  isRecord(value) && names.every((name) => typeof value[name] === 'number');

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
