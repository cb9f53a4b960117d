import type { StageMessage } from './message.ts';

/** A typed value of pipeline.yaml: YAML 1.2 core, without dates and binaries. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value };

/** One of the results that a gathered dep lists, with the axes of the instance it came from. */
export interface Gathered {
  /** A map value keeps its `name` here. */
  readonly axes: Readonly<Record<string, Value>>;
  readonly path: string;
  /** No run computed it: a file that was there was taken for it (`run --adopt`). */
  readonly adopted?: true;
}

/**
 * The one JSON document that the runner gives to a stage, in the file that PIPELINE_CONTEXT names. Paths are
 * relative to the project root.
 */
export interface ContextDocument {
  readonly params: Readonly<Record<string, Value>>;
  /** An optional path that does not exist has no entry. */
  readonly deps: Readonly<Record<string, string | readonly Gathered[]>>;
  readonly outs: Readonly<Record<string, string>>;
  /** A folder that an interrupted run of the same key finds again. */
  readonly scratch: string;
  readonly cpus: number;
  readonly device: 'cpu' | 'cuda' | 'webgpu';
  /** The bundle of the engine that the params name; a program without engines has none. */
  readonly engine?: string;
  /** Where that engine is installed, if it is one that `pipeline setup` installs. An absolute path. */
  readonly engineFolder?: string;
}

/** What `run` of a stage program is given. */
export interface StageContext<Params, Dep extends string = string, Out extends string = string> {
  readonly params: Params;
  /** Path of a dep. A dep that gathers is an error here: see `gathered`. */
  readonly deps: ByName<Dep, string>;
  /** The members of each dep that gathers, in canonical order of their axes. */
  readonly gathered: ByName<Dep, readonly Gathered[]>;
  /** Where each out is to be written. */
  readonly outs: ByName<Out, string>;
  readonly scratch: string;
  readonly cpus: number;
  readonly device: ContextDocument['device'];
  /** The module of the engine that the params name, loaded; absent: the program has no engines. */
  readonly engine?: unknown;
  readonly engineFolder?: string | undefined;
  /**
   * Aborted when the runner asks the stage to end (first Ctrl-C, a timeout): write a checkpoint and return.
   */
  readonly signal: AbortSignal;
  readonly emit: (message: StageMessage) => void;
}

/** A value for each dep or out, by its name; a name declared with "?", as `'encoder?'`, may be missing. */
export type ByName<Name extends string, T> = {
  readonly [Each in Name as Each extends `${string}?` ? never : Each]: T;
} & { readonly [Each in Name as Each extends `${infer Bare}?` ? Bare : never]?: T };
