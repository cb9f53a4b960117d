import type { FileProblem } from '../../files/file-problem.ts';
import type { ProxiedFetch } from '../../network/proxied-fetch.ts';
import type { Result } from '../../result.ts';
import type { Value } from '../../stage/context.ts';
import type { InstanceId, Key } from '../identity.ts';
import type { OutKind } from '../pipeline-file/pipeline.ts';
import type { TrackerSettings } from '../pipeline-file/shapes/tracking-shape.ts';
import type { InstanceStatus } from './instances.ts';
import type { MetricValue } from './results.ts';
import type { InstanceHistory } from './runs.ts';

/** A result with its provenance: from the cache, and from the events of the run that computed it. */
export interface TracedResult {
  readonly instance: InstanceId;
  readonly stage: string;
  /** How its axes are labelled. */
  readonly labels: Readonly<Record<string, string>>;
  readonly key: Key;
  /** The run that computed it; undefined: another machine did, or its record is gone. */
  readonly run: string | undefined;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly device: InstanceHistory['device'];
  readonly params: Readonly<Record<string, Value>>;
  readonly metrics: Readonly<Record<string, MetricValue>>;
  /** Outs of kind `metrics` whose numbers cannot be read. */
  readonly faults: readonly FileProblem[];
  /** What the stage reported by step in that run: after an interruption, from the checkpoint on. */
  readonly series: InstanceHistory['series'];
  /** Its outs that are files: their kind, and where the content can be read, from the project root. */
  readonly files: Readonly<Record<string, { readonly kind: OutKind; readonly file: string }>>;
}

/**
 * The result of an instance with an out of kind `model`, and the results that were made from this model
 * alone.
 */
export interface ModelResults {
  readonly model: TracedResult;
  readonly evaluations: readonly TracedResult[];
}

/** The model of an instance: where it is, and what it is used with. Nothing is computed to find it. */
export interface ModelPlace {
  readonly instance: InstanceId;
  readonly state: InstanceStatus['state'];
  /** Its out of kind `model`, from the project root. */
  readonly folder: string;
  /**
   * Its dep `base`, from the project root or absolute; undefined: it has none, or one of the hub that is not
   * here.
   */
  readonly base: string | undefined;
  /** How the pipeline file names the base: a path, an instance, `hf:owner/name@revision`. */
  readonly baseName: string | undefined;
  readonly params: Readonly<Record<string, Value>>;
  /** The results that depend on this model alone. */
  readonly evaluations: readonly EvaluationOfModel[];
}

export interface EvaluationOfModel {
  readonly instance: InstanceId;
  readonly stage: string;
  readonly params: Readonly<Record<string, Value>>;
  /** Whether it has an out of kind `metrics`. */
  readonly isScored: boolean;
  readonly cpus: number;
}

/** The trackers that the pipeline file and the machine files name, and their settings. */
export interface Tracking {
  readonly pipeline: string;
  /** The instances that leave a model. */
  readonly models: readonly InstanceId[];
  readonly trackers: readonly TrackerSettings[];
}

/** How the Hugging Face hub is reached, by the environment. */
export interface HubAccess {
  readonly endpoint: string;
  readonly token: string | undefined;
  /** The network must not be used. */
  readonly offline: boolean;
  /** Whether large files may be uploaded by Xet, if the hub supports it. */
  readonly xet: boolean;
  /**
   * The fetch that goes through the proxy. `silence`: milliseconds without a byte after which a connection
   * counts as broken. The error describes a fault in the proxy's URL.
   */
  readonly connect: (silence: number) => Promise<Result<ProxiedFetch>>;
}
