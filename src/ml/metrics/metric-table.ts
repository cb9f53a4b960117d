import type { Scale } from './estimate.ts';

/**
 * How texts are scored: `reference` as the original experiment did, which sees no Chinese; `multilingual` by
 * the words or letters of any language.
 */
export type Profile = 'reference' | 'multilingual';

export interface Metric {
  /** For people: a column of a table. */
  readonly title: string;
  readonly scale: Scale;
  /** Whether it is a column of the tables that are shown; the files hold all. */
  readonly shown: boolean;
}

/**
 * The scores of a row, in the order of columns and files, under the names of the original experiment's files.
 * Both profiles have them, but for BERTScore, whose tokens are its model's. Over the tokens of the
 * multilingual profile ROUGE-1 always equals F1.
 */
export const metricTable = {
  rouge1: { title: 'ROUGE-1', scale: 'share', shown: false },
  rouge2: { title: 'ROUGE-2', scale: 'share', shown: false },
  rougeL: { title: 'ROUGE-L', scale: 'share', shown: true },
  f1: { title: 'F1', scale: 'share', shown: true },
  bertscore_precision: { title: 'BERTScore P', scale: 'unbounded', shown: false },
  bertscore_recall: { title: 'BERTScore R', scale: 'unbounded', shown: false },
  bertscore_f1: { title: 'BERTScore', scale: 'unbounded', shown: true },
  exact_match: { title: 'exact', scale: 'proportion', shown: true },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metricTable;

/** The scores that both profiles count, each in its own way. */
export type TextMetric = Exclude<MetricName, `bertscore_${string}`>;

const isMetric = (name: string): name is MetricName => Object.hasOwn(metricTable, name);

const isTextMetric = (name: MetricName): name is TextMetric => !name.startsWith('bertscore_');

/** All scores, in the order of the table: those of the reference profile. */
export const metricNames = (): readonly MetricName[] => Object.keys(metricTable).filter(isMetric);

/** Those of the multilingual profile. */
export const textMetricNames = (): readonly TextMetric[] => metricNames().filter(isTextMetric);

/** A value for each of the names, which are all of the type. */
export const byName = <Name extends string, T>(
  names: readonly Name[],
  of: (name: Name) => T,
): Readonly<Record<Name, T>> =>
  // All names of the type are given, so none lacks a value.
  Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>;
