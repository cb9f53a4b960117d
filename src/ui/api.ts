import type { InstanceStatus, InstanceUsage, RunRecord } from '../runner/answers.ts';
import type { RecordedEvent } from '../runner/event.ts';
import type { Value } from '../stage/context.ts';

/** What the server of the local page answers and the page shows: JSON, so that NaN is the text "NaN". */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** /api/project */
export interface ProjectAnswer {
  readonly pipeline: string;
  /** The name of the project's folder. */
  readonly folder: string;
  readonly version: string;
  /** Whether an instance has a model in place, which can be asked. */
  readonly hasModels: boolean;
}

/** /api/runs?before=RUN&limit=N */
export interface RunsAnswer {
  readonly runs: readonly RunRecord[];
  /** Whether there are older ones. */
  readonly more: boolean;
}

/** /api/run?run=RUN */
export interface RunAnswer extends RunRecord {
  readonly instances: readonly RunInstance[];
  readonly warnings: readonly { readonly instance: string | null; readonly text: string }[];
  /** The sequence number of the event that comes next. */
  readonly next: number;
}

export interface RunInstance {
  readonly instance: string;
  /** The kind of its outcome; `running` or `waiting` before it has one. */
  readonly state: string;
  /** How it ended, in words. */
  readonly outcome?: string | undefined;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  readonly attempts: number;
  readonly because: readonly string[];
  readonly progress?: RunProgress | undefined;
  readonly device?: string | undefined;
  readonly usage?: InstanceUsage | undefined;
}

export interface RunProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

/** An event of a run as /api/events sends it, with the id RUN:SEQUENCE. */
export interface LiveEvent {
  readonly run: string;
  readonly sequence: number;
  readonly event: RecordedEvent;
  /** Of `started`: the reasons, and of `finished` the outcome, in words. */
  readonly text?: readonly string[];
}

/** /api/graph */
export interface GraphAnswer {
  readonly pipeline: string;
  /** In the order of the pipeline file. */
  readonly stages: readonly GraphStage[];
  /** Between instances, by their places in the list of all. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

export interface GraphStage {
  readonly stage: string;
  readonly description: string;
  readonly instances: readonly GraphInstance[];
}

export interface GraphInstance {
  readonly instance: string;
  readonly state: InstanceStatus['state'];
  readonly because: readonly string[];
  readonly after: readonly string[];
  readonly fault?: string | undefined;
  readonly at?: number | undefined;
}

/** /api/instance?name=INSTANCE */
export interface InstanceAnswer {
  readonly instance: string;
  readonly state: InstanceStatus['state'];
  readonly because: readonly string[];
  readonly after: readonly string[];
  readonly fault?: string | undefined;
  readonly failure?: string | undefined;
  readonly key?: string | undefined;
  readonly manifest?: Value | undefined;
  readonly needs: readonly string[];
  readonly neededBy: readonly string[];
  readonly outs: readonly OutAnswer[];
  readonly log?: LogAnswer | undefined;
  readonly metrics: Readonly<Record<string, JsonNumber>>;
}

export interface OutAnswer {
  readonly out: string;
  readonly path: string;
  readonly kind: string;
  /** Whether it is in the project. */
  readonly there: boolean;
  /** Whether it can be downloaded: files. */
  readonly isFile: boolean;
}

export interface LogAnswer {
  readonly run: string;
  /** What happened, in the lines of `pipeline log`; what was printed is below `files`. */
  readonly parts: readonly (
    | { readonly kind: 'lines'; readonly lines: readonly string[] }
    | { readonly kind: 'file'; readonly file: string }
  )[];
}

/** /api/log?name=INSTANCE&run=RUN&file=FILE&from=OFFSET */
export interface PrintedAnswer {
  /** Where the text starts and ends in the file, in bytes. */
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly text: string;
}

/** /api/experiments */
export interface ExperimentsAnswer {
  readonly models: readonly ModelAnswer[];
}

/** One trained model, with the metrics of its own and of what was evaluated from it. */
export interface ModelAnswer {
  readonly instance: string;
  /** Instances whose metrics are beside its own. */
  readonly from: readonly string[];
  /** The metric by which the pipeline file calls it the best. */
  readonly best?: string | undefined;
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
  /** In the order of the models that were asked for. */
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
  /** Inputs that stages cut to their limit, the last time they told. */
  readonly truncations: readonly {
    readonly instance: string;
    readonly what: string;
    readonly count: number;
    readonly of: number;
    readonly limit: number;
  }[];
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

/** /api/ask-models */
export interface AskModelsAnswer {
  /** Instances whose model is in place. */
  readonly models: readonly string[];
  /** Stages whose settings can be taken for the answers: those that read a model. */
  readonly stages: readonly string[];
}

/** POST /ask: the answers of one model. */
export interface AskedAnswer {
  readonly answers: readonly { readonly setting: string; readonly answer: string }[];
  readonly warnings: readonly string[];
}

/** Why the server did not answer. */
export interface RefusalAnswer {
  readonly problem: string;
}
