import type { Result } from '../result.ts';
import type { Value } from './context.ts';

type Params = Readonly<Record<string, Value>>;

/** The path of each dep, from the project root; null: it is made by another stage. */
export type Deps = Readonly<Record<string, string | null>>;

/** The questions of a run to a stage program before it starts it: the exports of its preview. */
export interface Question {
  /** The bundle of the preview. */
  readonly bundle: string;
  readonly name: 'smoke' | 'estimate';
  readonly params: Params;
  readonly deps: Deps;
  /** The class of device that it computes on. */
  readonly device: 'cpu' | 'cuda';
}

/** `none`: it has no such export. */
export type Answer =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'error'; readonly text: string };

/**
 * The optional export `smoke` of a stage program's preview: its params, made so small that it finishes within
 * seconds. Only `pipeline run --smoke` uses it, so editing it changes no key.
 */
export type Smoke<P> = (params: P, deps: Deps) => P | Promise<P>;

/** The memory that a stage takes at most. */
export interface MemoryEstimate {
  /** Bytes by purpose, of the parts that peak together. */
  readonly parts: Readonly<Record<string, number>>;
  /** What to change where that is too much, what helps most first. */
  readonly lower: readonly string[];
}

/**
 * The optional export `estimate` of a stage program's preview: the memory on its device, from its params and
 * its deps, before anything runs. Editing it changes no key. The error names the missing input.
 */
export type Estimate<P> = (
  params: P,
  deps: Deps,
  device: Question['device'],
) => Promise<Result<MemoryEstimate>>;
