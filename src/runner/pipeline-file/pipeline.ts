import type { Located, Range } from '../diagnostic.ts';
import type { MapNode, Node, ScalarNode } from './yaml/node.ts';
import type { ExecutorSettings } from './executor-settings.ts';
import type { TrackerSettings } from './shapes/tracking-shape.ts';
import type { Lookup } from './vars/interpolate.ts';
import type { When } from './shapes/when-shape.ts';
import type { Deferred } from './shapes/shape.ts';

/** pipeline.yaml after its shape was checked: references to axes, deps, outs and params are left. */
export interface Pipeline {
  readonly name: string;
  /** The requested file, from the project root. */
  readonly file: string;
  readonly sharedCache: SharedCacheFields | undefined;
  /** The values of `${vars.…}`. */
  readonly vars: Lookup;
  /** The values of `${best}`, and its fields where they have no fault; undefined where the file has none. */
  readonly best: { readonly node: Node; readonly fields: WrittenBest | undefined } | undefined;
  /** Where stages run that name no executor. */
  readonly executor: Located<string> | undefined;
  readonly executors: ReadonlyMap<string, ExecutorSettings>;
  readonly tracking: readonly TrackerSettings[];
  /** In the order of the file. */
  readonly stages: ReadonlyMap<string, Stage>;
  /** Stages with faults of their own: what refers to them is not judged. */
  readonly broken: ReadonlySet<string>;
  /**
   * Of stages with faults, the deps that can be read: whether there is what they name does not depend on the
   * rest.
   */
  readonly brokenDeps: ReadonlyMap<string, readonly StageDependency[]>;
}

/** The fields of `best`, unresolved. */
export interface WrittenBest {
  readonly by: Located<string>;
  readonly goal: Located<'min' | 'max'>;
  readonly within: readonly Located<string>[] | undefined;
}

/** A file's settings of the shared cache; settings that it omits may come from other places. */
export interface SharedCacheFields {
  readonly remote?: string | undefined;
  readonly read?: boolean | undefined;
  readonly write?: boolean | undefined;
  readonly project?: string | undefined;
  /** Public keys, as texts. */
  readonly trust?: readonly string[] | undefined;
}

export interface Stage {
  readonly name: string;
  /** The position of its name. */
  readonly at: Range;
  readonly description: string;
  /** A union of products; one block without axes where no matrix is given. */
  readonly matrix: readonly MatrixBlock[];
  /** Which of them there are; undefined: all. */
  readonly when: When | undefined;
  readonly program: StageProgram;
  readonly params: MapNode | undefined;
  readonly deps: ReadonlyMap<string, StageDependency>;
  readonly outs: ReadonlyMap<string, StageOut>;
  readonly env: readonly Located<string>[];
  readonly passEnv: readonly Located<string>[];
  readonly resources: {
    readonly cpus: Deferred<Located<number>> | undefined;
    readonly gpus: Deferred<Located<number>> | undefined;
    /** Bytes. */
    readonly memory: Deferred<Located<number>> | undefined;
    /** Seconds. */
    readonly time: Deferred<Located<number>> | undefined;
  };
  readonly executor: Deferred<Located<string>> | undefined;
  /** Seconds. */
  readonly timeout: Deferred<Located<number>> | undefined;
  readonly retries: Deferred<Located<number>> | undefined;
  readonly cache: boolean;
  /** The position of `frozen: true`: it does not run, and its last result is used. */
  readonly frozen: Range | undefined;
  /** Whether the bytes of its outs may be uploaded to the shared cache. */
  readonly push: boolean;
}

/** The product of some axes, and of the instances of another stage with theirs. */
export interface MatrixBlock {
  readonly from: Located<string> | undefined;
  readonly axes: ReadonlyMap<string, Axis>;
  readonly at: Range;
}

export type Axis =
  | { readonly kind: 'values'; readonly at: Range; readonly values: readonly Node[] }
  | { readonly kind: 'list'; readonly at: Range; readonly list: AxisList };

/** Values that an out of another stage holds: known once that has run. */
export interface AxisList {
  readonly stage: Located<string>;
  readonly out: Located<string>;
  readonly allowEmpty: boolean;
  readonly at: Range;
}

export type StageProgram =
  | { readonly kind: 'uses'; readonly path: Located<string> }
  | {
      readonly kind: 'argv';
      readonly words: readonly ScalarNode[];
      readonly code: readonly ScalarNode[];
      readonly at: Range;
    }
  | {
      readonly kind: 'shell';
      readonly shell: readonly string[];
      readonly line: ScalarNode;
      readonly code: readonly ScalarNode[];
      readonly at: Range;
    };

export type StageDependency =
  /** A path, or a folder of the hub; which one is known once its references are resolved. */
  | {
      readonly kind: 'path';
      readonly path: ScalarNode;
      readonly external: boolean;
      readonly ignore: boolean;
      /** Whether nothing may be there. */
      readonly optional: boolean;
      readonly hint: string | undefined;
      readonly at: Range;
    }
  | {
      readonly kind: 'from';
      readonly stage: Located<string>;
      readonly out: Located<string>;
      readonly gather: boolean;
      readonly at: Range;
    };

export type OutKind = 'file' | 'metrics' | 'series' | 'table' | 'text' | 'image' | 'model';

export interface StageOut {
  readonly path: ScalarNode;
  readonly kind: OutKind;
  readonly workspace: boolean;
  /** Whether its bytes may be uploaded to the shared cache. */
  readonly push: boolean;
  /** Whether its bytes are dropped when all that reads them is up to date. */
  readonly temp: boolean;
  readonly at: Range;
}
