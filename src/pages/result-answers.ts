import type { Scale } from '../ml/metrics/estimate.ts';
import type { Value } from '../stage/context.ts';

/** What the server of the local page answers and the page shows: JSON, so that NaN is the text "NaN". */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** /api/experiments */
export interface ExperimentsAnswer {
  readonly models: readonly ModelAnswer[];
  /** Why models that were ranked together cannot be compared. */
  readonly warnings: readonly string[];
  /** Notes on the numbers, a sentence each. */
  readonly notes: readonly string[];
}

/** One trained model, with its own metrics and those of its evaluations. */
export interface ModelAnswer {
  readonly instance: string;
  /** Instances whose metrics are beside its own. */
  readonly from: readonly string[];
  /** The metric by which the pipeline file calls it the best. */
  readonly best?: string | undefined;
  /** Whether its ranking score does not differ from that of the best, row by row. */
  readonly isTied?: true | undefined;
  /** Whether existing files were taken as results, which no run computed. */
  readonly isAdopted?: true | undefined;
  /** Results that are not up to date, by name. */
  readonly outdated: readonly string[];
  readonly axes: Readonly<Record<string, Value>>;
  readonly labels: Readonly<Record<string, string>>;
  /** By path: `config.learningRate`. */
  readonly params: Readonly<Record<string, Value>>;
  readonly metrics: Readonly<Record<string, MeasuredValue>>;
}

export interface MeasuredValue {
  readonly value: JsonNumber;
  /** The bounds that the metrics file states for it. */
  readonly low?: JsonNumber | undefined;
  readonly high?: JsonNumber | undefined;
  /** Whether the bounds are the least and the greatest of too few rows for an interval. */
  readonly isRange?: true | undefined;
  /** Its number of rows, if the metrics file has it. */
  readonly rows?: number | undefined;
  /** The possible values of its rows, for metrics with bounds. */
  readonly scale?: Scale | undefined;
}

/** /api/curves */
export interface CurvesAnswer {
  readonly curves: readonly CurveSummary[];
}

export interface CurveSummary {
  readonly instance: string;
  readonly isRunning: boolean;
  readonly hasResult: boolean;
}

/** /api/curve?name=INSTANCE&run=RUN */
export interface CurveAnswer {
  readonly instance: string;
  /** The run that its points are of; absent where only the result's file is known. */
  readonly run?: string | undefined;
  readonly startedAt?: number | undefined;
  readonly series: Readonly<Record<string, readonly CurvePoint[]>>;
}

export interface CurvePoint {
  readonly step: number;
  /** Seconds since the instance was started; absent where only the result's file is known. */
  readonly seconds?: number | undefined;
  readonly epoch?: number | undefined;
  readonly value: JsonNumber;
}

/** /api/evaluations */
export interface EvaluationsAnswer {
  /** Evaluations of the same rows, which can be compared. */
  readonly sets: readonly EvaluationSet[];
  readonly faults: readonly string[];
}

export interface EvaluationSet {
  /** The digest of its questions and references. */
  readonly id: string;
  readonly rows: number;
  readonly evaluations: readonly { readonly instance: string; readonly isCurrent: boolean }[];
  readonly slots: readonly string[];
  readonly scores: readonly string[];
}

/** /api/answers?set=ID&models=… */
export interface AnswersAnswer {
  readonly total: number;
  readonly matching: number;
  /** Rows that a report does not hold, since it would be too large. */
  readonly leftOut: number;
  readonly offset: number;
  readonly rows: readonly AnswerRow[];
}

export interface AnswerRow {
  /** Its place in the test file, from 1. */
  readonly row: number;
  readonly question: string;
  readonly reference: string;
  /** In the order of the requested models. */
  readonly answers: readonly ModelAnswerText[];
  /** Whether a text was cut to its first 20,000 characters. */
  readonly isCut: boolean;
}

export interface ModelAnswerText {
  readonly text: string;
  readonly score: JsonNumber | null;
  readonly slots: Readonly<Record<string, string>>;
}

/** /api/compare?a=INSTANCE&b=INSTANCE: by how much b scores higher than a. */
export interface CompareAnswer {
  readonly rows: number;
  readonly comparisons: readonly {
    readonly score: string;
    readonly mean: JsonNumber;
    readonly low: JsonNumber;
    readonly high: JsonNumber;
    readonly method: string;
    readonly pValue: JsonNumber;
    readonly effectSize: JsonNumber | null;
    readonly detectable: JsonNumber | null;
  }[];
  readonly fault?: string | undefined;
}

/** /api/samples */
export interface SamplesAnswer {
  readonly models: readonly SampledModel[];
  readonly faults: readonly string[];
}

export interface SampledModel {
  readonly instance: string;
  readonly questions: readonly string[];
  /** By temperature, in the order of the questions. */
  readonly answers: Readonly<Record<string, readonly string[]>>;
}

/** /api/data */
export interface DataAnswer {
  readonly sets: readonly DataSet[];
  readonly faults: readonly string[];
}

export interface DataSet {
  readonly instance: string;
  readonly counts: readonly { readonly name: string; readonly count: number }[];
  readonly dropped: readonly ReasonCount[];
  readonly repaired: readonly ReasonCount[];
  readonly files: readonly {
    readonly file: string;
    readonly readAs: string;
    readonly rows: number;
  }[];
  /** By the kinds of `leaks`: how many rows repeat others. */
  readonly leaks: readonly {
    readonly name: string;
    readonly total: number;
    readonly kinds: Readonly<Record<string, number>>;
  }[];
  readonly leakMethod: string;
  readonly lengths: readonly LengthHistogram[];
  readonly truncations: readonly Truncation[];
}

/** What a limit of tokens did to the texts that instances read, or wrote. */
export interface Truncation {
  readonly what: string;
  readonly limit: number;
  readonly rows: number;
  readonly cut: number;
  /** The length of the longest text before it was cut, in tokens, where that is known. */
  readonly longest?: number | undefined;
  readonly instances: readonly string[];
}

export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** How many rows have a text of how many characters. */
export interface LengthHistogram {
  readonly split: string;
  readonly field: string;
  readonly rows: number;
  readonly least: number;
  readonly median: number;
  readonly most: number;
  readonly bins: readonly { readonly from: number; readonly to: number; readonly count: number }[];
}
