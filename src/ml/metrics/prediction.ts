import type { FileProblem } from '../../files/file-problem.ts';
import { isJsonObject, type Json } from '../../files/json.ts';
import { readJsonLines } from '../../files/json-lines.ts';
import type { Result } from '../../result.ts';
import type { MetricName, TextMetric } from './metric-table.ts';
import type { SlotOutcome } from './slot-accuracy.ts';

/** A line of predictions.jsonl: what a model answered to a test question, and the answer of the data set. */
export interface Prediction {
  readonly question: string;
  readonly prediction: string;
  readonly reference: string;
}

/** A prediction with what the evaluation counted of it. */
export interface ScoredPrediction extends Prediction {
  readonly scores: {
    readonly reference: Readonly<Record<MetricName, number>>;
    readonly multilingual: Readonly<Record<TextMetric, number>>;
  };
  /** Of each slot of the row: only where the data names slots. */
  readonly slots?: Readonly<Record<string, SlotOutcome>>;
}

/** The predictions of a file, in the order of its lines. The first line that is none is the problem. */
export async function readPredictions(path: string): Promise<Result<readonly Prediction[], FileProblem>> {
  const predictions: Prediction[] = [];
  for await (const line of readJsonLines(path)) {
    if (!line.ok) return line;
    const prediction = predictionOf(line.value.value);
    if (prediction === undefined)
      return {
        ok: false,
        error: {
          path,
          line: line.value.line,
          message: 'expected the texts question, prediction and reference',
        },
      };
    predictions.push(prediction);
  }
  return { ok: true, value: predictions };
}

function predictionOf(value: Json): Prediction | undefined {
  if (!isJsonObject(value)) return undefined;
  const { question, prediction, reference } = value;
  return typeof question === 'string' && typeof prediction === 'string' && typeof reference === 'string'
    ? { question, prediction, reference }
    : undefined;
}
