import type { InstanceStatus } from '../runner/answers/instances.ts';
import type { InstanceUsage, RunRecord } from '../runner/answers/runs.ts';
import type { GpuUsage, RecordedEvent } from '../runner/event.ts';
import type { Value } from '../stage/context.ts';
import type { JsonNumber } from '../pages/result-answers.ts';

/*
 * The API between the local server and the page, for a project and its runs. The parts that concern results
 * alone are in result-answers.ts, which stage programs use too.
 */

/** /api/project */
export interface ProjectAnswer {
  readonly pipeline: string;
  /** The name of the project's folder. */
  readonly folder: string;
  readonly version: string;
  /** Whether a model of an instance is in place, so that it can answer questions. */
  readonly hasModels: boolean;
  /** The pipeline file, if the server was started with `--file`. */
  readonly file?: string | undefined;
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
  /** The kind of its outcome; before it has one `running` or `waiting`, or how the run ended without one. */
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
  readonly gpu?: GpuUsage | undefined;
}

interface RunProgress {
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
  /** What comes from lists that are not known yet, and the instances that make the lists. */
  readonly awaited: readonly { readonly name: string; readonly after: readonly string[] }[];
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
  /** Its stage is frozen: its last result is used, even if inputs changed. */
  readonly frozen?: true | undefined;
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
  /** The log, in the lines of `pipeline log`; output is below `files`. */
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

/** /api/ask-models */
export interface AskModelsAnswer {
  /** Instances whose model is in place. */
  readonly models: readonly string[];
  /** Stages whose settings can be taken for the answers: those that read a model. */
  readonly stages: readonly string[];
}

/** POST /ask: the answers of one model. */
export interface QuestionAnswer {
  readonly answers: readonly { readonly setting: string; readonly answer: string }[];
  readonly warnings: readonly string[];
}

/** Why the server did not answer. */
export interface RefusalAnswer {
  readonly problem: string;
}
