import type { Result } from '../result.ts';
import type { StageContext } from './context.ts';

/** A JSON Schema, as ajv takes it. */
export type Schema = Readonly<Record<string, unknown>>;

/** A stage program: what a file named by `uses` exports as `stage`. */
export interface StageProgram<Params, Dep extends string, Out extends string> {
  /** JSON Schema of the params; checked before anything runs, with the place in the YAML. */
  readonly params: Schema;
  /**
   * The deps it expects. A dep whose name ends in "?" may be left out, or be an optional path that is
   * missing.
   */
  readonly deps: readonly Dep[];
  /** The outs it can write; a name that ends in "?" is written only where the YAML declares it. */
  readonly outs: readonly Out[];
  /**
   * Packages that are loaded by name at run time, which no bundler can see: each may change the result, so
   * each counts in the key with the version and integrity of its installed closure.
   */
  readonly packages?: readonly string[];
  /** The engines that the params choose from: only the one that they name counts in the key. */
  readonly engines?: Engines;
  /**
   * Writes every out. A fault of the input is given back as `{ ok: false, error }`: the runner shows its
   * text; an exception is a bug.
   */
  readonly run: (context: StageContext<Params, Dep, Out>) => Promise<Result<void> | void>;
}

/**
 * Modules that are bundled by themselves, of which `run` is given one as `engine`. Data, so that a plan knows
 * which one an instance needs without running any code of the stage.
 */
export interface Engines {
  /** The param whose value is the name of an engine. */
  readonly by: string;
  /** The module of each engine by its name: a path from the stage program's file, without its extension. */
  readonly programs: Readonly<Record<string, string>>;
  /** Those of them that `pipeline setup NAME` installs: `run` receives the folder of the current one. */
  readonly installed?: readonly string[];
  /** What the value "auto" of that param selects: the engine for a GPU, and that for the CPU. */
  readonly auto?: { readonly cuda: string; readonly cpu: string };
  /** The param that names the device, where a program has one: "auto", "cpu" or "cuda". */
  readonly device?: string;
}

/**
 * Returns the program, its types checked: `export const stage = defineStage<Params, 'train' | 'base',
 * 'model'>({ … })`.
 */
export const defineStage = <Params, Dep extends string = string, Out extends string = string>(
  program: StageProgram<Params, Dep, Out>,
): StageProgram<Params, Dep, Out> => program;
