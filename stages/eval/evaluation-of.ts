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
  return rows.map(({ human, assistant, slots, source }, index) => {
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
      ...(source === undefined ? {} : { source }),
    };
  });
}

/** The content of metrics.json for scored answers. `encoder`: the source of BERTScore's vectors. */
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
    slices: slicesOf(lines, leaked, seed),
    ...(slotted.length === 0 ? {} : slotScores(slotted, seed)),
    ...(leaked === undefined ? {} : { without_leaked: withoutLeaked(lines, leaked, { encoder, seed }) }),
  };
}

/** The same scores without the test rows that leaked into the training rows; null if there are none. */
function withoutLeaked(
  lines: readonly ScoredPrediction[],
  leaked: ReadonlySet<number>,
  options: { readonly encoder: string; readonly seed: number },
): WithoutLeaked | null {
  const rest = lines.filter((_, place) => !leaked.has(place));
  if (rest.length === 0) return null;
  const { slices: _, signatures: _same, bertscore_model: _too, ...scores } = evaluationOf(rest, options);
  return scores;
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

/** Some of the lines, before they are scored. */
interface Part extends Pick<Slice, 'by' | 'slice'> {
  readonly lines: readonly ScoredPrediction[];
}

/** Parts of the rows that may differ, each with the score that the tables are read by. */
function slicesOf(
  lines: readonly ScoredPrediction[],
  leaked: ReadonlySet<number> | undefined,
  seed: number,
): readonly Slice[] {
  const parts = [
    ...lengthParts(lines),
    ...slotParts(lines),
    ...(leaked === undefined ? [] : leakParts(lines, leaked)),
    ...sourceParts(lines),
  ];
  return parts.flatMap(({ by, slice, lines: part }) => {
    if (part.length === 0) return [];
    const lengths = part.map(lengthOf);
    const scores = part.map(({ scores: { multilingual } }) => multilingual.rougeL);
    return [
      {
        by,
        slice,
        characters: [Math.min(...lengths), Math.max(...lengths)] as const,
        rougeL: estimate(scores, 'share', { seed }),
      },
    ];
  });
}

/** Thirds of the rows by the length of the reference. */
function lengthParts(lines: readonly ScoredPrediction[]): readonly Part[] {
  const sorted = lines.toSorted((a, b) => lengthOf(a) - lengthOf(b));
  return ['short', 'middle', 'long'].map((name, third) => ({
    by: 'length',
    slice: `${name} references`,
    lines: sorted.slice((sorted.length * third) / 3, (sorted.length * (third + 1)) / 3),
  }));
}

/** Answers that name the right value of a slot, and those that do not: overlap may be high in both. */
function slotParts(lines: readonly ScoredPrediction[]): readonly Part[] {
  const slots = [...new Set(lines.flatMap((line) => Object.keys(line.slots ?? {})))].sort();
  return slots.flatMap((slot) => {
    const known = lines.filter((line) => line.slots?.[slot] !== undefined);
    const isRight = (line: ScoredPrediction): boolean => line.slots?.[slot] === 'named';
    return [
      { by: 'slot', slice: `${slot} right`, lines: known.filter(isRight) } as const,
      { by: 'slot', slice: `${slot} not right`, lines: known.filter((line) => !isRight(line)) } as const,
    ];
  });
}

const leakParts = (lines: readonly ScoredPrediction[], leaked: ReadonlySet<number>): readonly Part[] => [
  { by: 'leaked', slice: 'leaked', lines: lines.filter((_, place) => leaked.has(place)) },
  { by: 'leaked', slice: 'not leaked', lines: lines.filter((_, place) => !leaked.has(place)) },
];

/** The sources with the most rows, and the rest as one. */
function sourceParts(lines: readonly ScoredPrediction[]): readonly Part[] {
  const bySource = new Map<string, ScoredPrediction[]>();
  for (const line of lines) {
    if (line.source === undefined) continue;
    const known = bySource.get(line.source);
    if (known === undefined) bySource.set(line.source, [line]);
    else known.push(line);
  }
  const sources = [...bySource].sort(
    ([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1),
  );
  const shown = sources.slice(0, mostSources);
  const rest = sources.slice(mostSources).flatMap(([, part]) => part);
  return [
    ...shown.map(([source, part]) => ({ by: 'source', slice: source, lines: part }) as const),
    { by: 'source', slice: 'other sources', lines: rest },
  ];
}

const mostSources = 20;

const lengthOf = ({ reference }: ScoredPrediction): number => [...reference].length;
