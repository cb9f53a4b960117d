import type { ExecutorSettings } from '../pipeline-file/executor-settings.ts';
import type { TypedPipeline } from '../wording/command-text.ts';
import type { TrackerSettings } from '../pipeline-file/shapes/tracking-shape.ts';
import type { OutKind, SharedCacheFields } from '../pipeline-file/pipeline.ts';
import type { Value } from '../../stage/context.ts';
import type { Located, Range } from '../diagnostic.ts';
import type { InstanceId } from '../identity.ts';
import type { HubName } from '../wording/hub-name.ts';
import type { PlannedBest } from './best-of.ts';

/** How an instance's result is made. */
export type Program =
  /** A TypeScript stage program of the project, by path from its root. */
  | { readonly kind: 'uses'; readonly path: string; readonly at: Range }
  /** A program with its arguments, passed byte for byte, no shell. */
  | {
      readonly kind: 'argv';
      readonly words: readonly Word[];
      readonly code: readonly Located<string>[];
      readonly at: Range;
      /** Of the first word. */ readonly executableAt: Range;
    }
  /** A line that the shell gets as its last argument, every reference quoted for it. */
  | {
      readonly kind: 'shell';
      /** The shell and its options. */
      readonly shell: readonly string[];
      readonly words: readonly Word[];
      readonly code: readonly Located<string>[];
      readonly at: Range;
    };

/**
 * A piece of a command: literal text of the YAML, or a path that is known when the instance is started. A
 * word of argv is a list of pieces.
 */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'dep'; readonly name: string }
  | { readonly kind: 'out'; readonly name: string };
export type Word = readonly Piece[];

export type Dependency =
  /** `hint`: the user's text that is shown if it is missing. */
  | {
      readonly kind: 'path';
      readonly path: string;
      readonly external: boolean;
      /** Whether the ignore rules apply to the files in it. */
      readonly ignore: boolean;
      /** The path may be missing: then the stage gets no path. */
      readonly optional?: true;
      readonly hint?: string;
      readonly at: Range;
    }
  /** Files that a pattern means, each by content. */
  | {
      readonly kind: 'glob';
      readonly pattern: string;
      readonly external: boolean;
      readonly ignore: boolean;
      /** It may match no file. */
      readonly optional?: true;
      readonly hint?: string;
      readonly at: Range;
    }
  /** A model or a data set of the Hugging Face hub at a pinned revision. */
  | (HubName & { readonly kind: 'hub'; readonly at: Range })
  | { readonly kind: 'out'; readonly instance: InstanceId; readonly out: string; readonly at: Range }
  /** In canonical order of the axes' values: YAML order must not reach a result. */
  | { readonly kind: 'gather'; readonly members: readonly GatherMember[]; readonly at: Range };

export type GlobDependency = Extract<Dependency, { readonly kind: 'glob' }>;

/** Whether a stage may run if the path of a dep does not exist. */
export const isOptional = (dep: Dependency): boolean => dep.kind === 'path' && dep.optional === true;

/** The outs of other instances that a dep is. */
export const outsRead = (
  dep: Dependency,
): readonly { readonly instance: InstanceId; readonly out: string }[] =>
  dep.kind === 'gather' ? dep.members : dep.kind === 'out' ? [dep] : [];

/** Whether a dep gives a stage many paths. */
export const isMany = ({ kind }: Dependency): boolean => kind === 'gather' || kind === 'glob';

export interface GatherMember {
  readonly instance: InstanceId;
  readonly out: string;
  /**
   * Unabridged: a map value keeps its `name` here, since a stage that gathers may show it. So renaming a
   * point reruns only the stages that gather it.
   */
  readonly axes: Readonly<Record<string, Value>>;
}

export interface Out {
  /** From the project root; inside the instance's folder unless `workspace`. */
  readonly path: string;
  /** Unresolved: from the instance's folder, or from the root for `workspace`. The manifest has this path. */
  readonly declared: string;
  readonly kind: OutKind;
  readonly workspace: boolean;
  /** Whether its bytes may be uploaded to the shared cache. */
  readonly push: boolean;
  /** Whether its bytes are dropped when all that reads them is up to date. */
  readonly temp: boolean;
  readonly at: Range;
}

export interface Resources {
  readonly cpus: number;
  readonly gpus: number;
  /** Bytes; 0: not declared. */
  readonly memory: number;
  /** Seconds: the time limit of its job, where it is declared. */
  readonly time?: number;
}

/** One cell of a stage's matrix, all references resolved: what is run, filed and shown. */
export interface Instance {
  readonly id: InstanceId;
  readonly stage: string;
  /** In the order of the axes; a map value without its `name`. */
  readonly axes: Readonly<Record<string, Value>>;
  /** How each axis shows and what selections match: a map's `name`, else its text. */
  readonly labels: Readonly<Record<string, string>>;
  /** artifacts/<pipeline>/<stage>/<instance>, from the project root. */
  readonly folder: string;
  readonly program: Program;
  readonly params: Readonly<Record<string, Value>>;
  /**
   * The position of each param in the YAML, by JSON pointer ("/config/learningRate"); "" is the whole map.
   */
  readonly paramRanges: Readonly<Record<string, Range>>;
  /** The position of its name. */
  readonly paramNameRanges: Readonly<Record<string, Range>>;
  readonly deps: Readonly<Record<string, Dependency>>;
  readonly outs: Readonly<Record<string, Out>>;
  /** Names of environment variables: hashed ones, and those handed through unhashed. */
  readonly env: readonly string[];
  readonly passEnv: readonly string[];
  readonly resources: Resources;
  /**
   * Where its params leave engine and device to the machine, which has no GPU: what they are for its last
   * result, which a GPU made. That result is used as long as nothing else changes.
   */
  readonly madeOnGpu?: MadeOnGpu;
  /** Where each is written; the stage where it is not. */
  readonly resourceRanges: Readonly<Record<'cpus' | 'gpus' | 'memory', Range>>;
  /** Where it runs; absent: where the pipeline file, or this machine, says for all. */
  readonly executor?: Located<string>;
  /** Seconds; null: none. */
  readonly timeout: number | null;
  readonly retries: number;
  readonly cache: boolean;
  /** The position of its stage's `frozen: true`: it does not run, and its last result is used. */
  readonly frozen?: Range;
  /** Whether the bytes of its outs may be uploaded to the shared cache. */
  readonly push: boolean;
  readonly description: string;
  /** Of a smoke run alone. */
  readonly smoke?: SmokeTraits;
  readonly at: Range;
}

/** The names of the outs that stay on this machine. */
export const withheldOuts = ({ push, outs }: Instance): readonly string[] =>
  Object.entries(outs).flatMap(([name, out]) => (push && out.push ? [] : [name]));

/** Instances by their ids. */
export const byId = (instances: readonly Instance[]): ReadonlyMap<InstanceId, Instance> =>
  new Map(instances.map((instance) => [instance.id, instance]));

export interface MadeOnGpu {
  readonly params: Instance['params'];
  readonly resources: Resources;
  /** The value that represents the installed engine in the key, which need not be installed here. */
  readonly installed?: string;
}

/** How an instance is run in a smoke run. */
interface SmokeTraits {
  /** Whether its program made it small; false: the program does not define how, and it runs unchanged. */
  readonly isSmall: boolean;
  /** Whether a matrix takes values from its result, which is found in the cache: the others are not kept. */
  readonly makesList: boolean;
}

/** A list that a matrix takes values from, as the plan found it. */
export interface PlannedList {
  readonly instance: InstanceId;
  readonly out: string;
  /** Of the file; null: it is not known yet. */
  readonly digest: string | null;
}

/**
 * Instances whose values come from a list, or that read from such instances: as the list is now they are
 * among the others, where it is known.
 */
export interface ListedInstances {
  readonly stage: string;
  /** As a selection: "split[a,*]". */
  readonly name: string;
  /** By axis; null: any value. */
  readonly labels: Readonly<Record<string, string | null>>;
  /** The instances that make the lists. */
  readonly after: readonly InstanceId[];
  readonly isKnown: boolean;
}

/** An instance that its stage's `when` leaves out. */
export interface LeftInstance extends Pick<Instance, 'id' | 'stage' | 'labels'> {
  /** What does not hold, in words. */
  readonly condition: string;
}

/** The whole graph of a pipeline file, in topological order: dependencies come first. */
export interface Plan {
  readonly pipeline: string;
  /** The requested file, from the project root. */
  readonly file: string;
  /** How hints name it; not a part of the stored plan. */
  readonly typed?: TypedPipeline | undefined;
  readonly sharedCache?: SharedCacheFields | undefined;
  readonly instances: readonly Instance[];
  /** Where instances run that name no executor. */
  readonly executor?: Located<string>;
  /** Of the pipeline file. */
  readonly executors?: Readonly<Record<string, ExecutorSettings>>;
  /** Of the pipeline file: trackers that runs are sent to. */
  readonly tracking?: readonly TrackerSettings[];
  /** The instances that each one reads from, each once. */
  readonly needs: ReadonlyMap<InstanceId, readonly InstanceId[]>;
  /** The lists that matrices take values from; absent: none does. */
  readonly lists?: readonly PlannedList[];
  /** What comes from them. */
  readonly listed?: readonly ListedInstances[];
  /** The instances that `when` of a stage leaves out; absent: none. */
  readonly leftOut?: readonly LeftInstance[];
  /** Which instance is the best: for tables, no key depends on it. */
  readonly best?: PlannedBest;
}
