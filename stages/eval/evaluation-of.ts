import type { Row } from '../../src/ml/dataset/row.ts';
import type { BertScore } from '../../src/ml/evaluate/greedy-matching.ts';
import { bleu, bleuSignature, bleuTokenizerFor } from '../../src/ml/metrics/bleu.ts';
import { chrf, chrfSignature } from '../../src/ml/metrics/chrf.ts';
import { type Estimate, estimate } from '../../src/ml/metrics/estimate.ts';
import {
  byName,
  type MetricName,
  metricNames,
  metricTable,
  textMetricNames,
} from '../../src/ml/metrics/metric-table.ts';
import type { ScoredPrediction } from '../../src/ml/metrics/prediction.ts';
import { referenceProfile, type ScoreRow } from '../../src/ml/metrics/profile.ts';
import { type SlotOutcome, slotCounts, slotOutcomes } from '../../src/ml/metrics/slot-accuracy.ts';
import type { Evaluation, Slice, WithoutLeaked } from '../results/evaluation.ts';

/** The answers with all scores of each row, in the order of the rows. */
export function scoredPredictions(
  rows: readonly Row[],
  predictions: readonly string[],
  bert: readonly BertScore[],
  multilingual: ScoreRow,
): readonly ScoredPrediction[] {
  const reference = referenceProfile();
  const outcomes = slotOutcomes(predictions, rows);
  return rows.map(({ human, assistant, slots }, index) => {
    const prediction = predictions[index] ?? '';
    const { precision = Number.NaN, recall = Number.NaN, f1 = Number.NaN } = bert[index] ?? {};
    const ofBert = { bertscore_precision: precision, bertscore_recall: recall, bertscore_f1: f1 };
    const counted = { ...reference(assistant, prediction), ...ofBert };
    const wide = multilingual(assistant, prediction);
    return {
      question: human,
      prediction,
      reference: assistant,
      scores: {
        reference: byName(metricNames(), (name) => counted[name]),
        multilingual: byName(textMetricNames(), (name) => wide[name]),
      },
      ...(slots === undefined ? {} : { slots: outcomes[index] ?? {} }),
    };
  });
}

/** What metrics.json says of scored answers. `encoder`: what BERTScore's vectors came from. */
export function evaluationOf(
  lines: readonly ScoredPrediction[],
  {
    encoder,
    seed,
    leaked,
  }: {
    readonly encoder: string;
    readonly seed: number;
    /** Places of the lines that training rows give away, where that is known. */
    readonly leaked?: ReadonlySet<number> | undefined;
  },
): Evaluation {
  const estimateOf = (name: MetricName, scoreOf: (line: ScoredPrediction) => number): Estimate =>
    estimate(lines.map(scoreOf), metricTable[name].scale, { seed });
  const metrics = byName(metricNames(), (name) => estimateOf(name, ({ scores }) => scores.reference[name]));
  const multilingual = byName(textMetricNames(), (name) =>
    estimateOf(name, ({ scores }) => scores.multilingual[name]),
  );
  const tokenizer = bleuTokenizerFor(lines.map(({ reference }) => reference));
  const slotted = lines.flatMap(({ slots }) => (slots === undefined ? [] : [slots]));
  return {
    num_samples: lines.length,
    metrics: byName(metricNames(), (name) => metrics[name].mean),
    multilingual: byName(textMetricNames(), (name) => multilingual[name].mean),
    intervals: { metrics: bounds(metrics), multilingual: bounds(multilingual) },
    interval_methods: { metrics: methods(metrics), multilingual: methods(multilingual) },
    corpus: { bleu: bleu(lines, tokenizer), chrf: chrf(lines) },
    signatures: { bleu: bleuSignature(tokenizer), chrf: chrfSignature },
    bertscore_model: encoder,
    slices: lengthSlices(lines, seed),
    ...(slotted.length === 0 ? {} : slotScores(slotted, seed)),
    ...(leaked === undefined ? {} : { without_leaked: withoutLeaked(lines, leaked, { encoder, seed }) }),
  };
}

/** The same scores of the rows that no training row gives away; null where there are none. */
function withoutLeaked(
  lines: readonly ScoredPrediction[],
  leaked: ReadonlySet<number>,
  options: { readonly encoder: string; readonly seed: number },
): WithoutLeaked | null {
  const rest = lines.filter((_, place) => !leaked.has(place));
  if (rest.length === 0) return null;
  const { num_samples, metrics, multilingual, intervals, corpus } = evaluationOf(rest, options);
  return { num_samples, metrics, multilingual, intervals, corpus };
}

type Estimates = Readonly<Record<string, Estimate>>;

const mapValues = <T>(estimates: Estimates, of: (one: Estimate) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(estimates).map(([name, one]) => [name, of(one)]));

const bounds = (estimates: Estimates) => mapValues(estimates, ({ low, high }) => [low, high] as const);
const methods = (estimates: Estimates) => mapValues(estimates, ({ method }) => method);

function slotScores(
  rows: readonly Readonly<Record<string, SlotOutcome>>[],
  seed: number,
): Pick<Evaluation, 'slot_accuracy' | 'slots' | 'slot_mean'> {
  const slots = Object.entries(slotCounts(rows)).map(([slot, counts]) => {
    const right = rows.flatMap((row) => (row[slot] === undefined ? [] : [Number(row[slot] === 'named')]));
    return [slot, { ...counts, ...estimate(right, 'proportion', { seed }) }] as const;
  });
  const shares = rows.map((row) => {
    const outcomes = Object.values(row);
    return outcomes.filter((outcome) => outcome === 'named').length / Math.max(1, outcomes.length);
  });
  return {
    slot_accuracy: Object.fromEntries(slots.map(([slot, { mean }]) => [slot, mean])),
    slots: Object.fromEntries(slots),
    slot_mean: estimate(shares, 'share', { seed }),
  };
}

/** Thirds of the rows by the length of the reference, with the score that the tables are read by. */
function lengthSlices(lines: readonly ScoredPrediction[], seed: number): readonly Slice[] {
  const sorted = lines.toSorted((a, b) => lengthOf(a) - lengthOf(b));
  return ['short', 'middle', 'long'].flatMap((name, third) => {
    const part = sorted.slice((sorted.length * third) / 3, (sorted.length * (third + 1)) / 3);
    const [first, last] = [part[0], part.at(-1)];
    if (first === undefined || last === undefined) return [];
    const scores = part.map(({ scores: { multilingual } }) => multilingual.rougeL);
    return [
      {
        slice: `${name} references`,
        characters: [lengthOf(first), lengthOf(last)] as const,
        rougeL: estimate(scores, 'share', { seed }),
      },
    ];
  });
}

const lengthOf = ({ reference }: ScoredPrediction): number => [...reference].length;
