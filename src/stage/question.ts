import type { Value } from './context.ts';

type Params = Readonly<Record<string, Value>>;

/** The path of each dep, from the project root; null: it is made by another stage. */
export type Deps = Readonly<Record<string, string | null>>;

/** What a run wants to know of a stage program before it starts it: one of its exports besides `stage`. */
export interface Question {
  /** The bundle of the whole module. */
  readonly bundle: string;
  readonly name: 'smoke';
  readonly params: Params;
  readonly deps: Deps;
}

/** `none`: the program exports nothing of that name. */
export type Answer =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'error'; readonly text: string };

/**
 * What a stage program may export as `smoke`: its params, made so small that it is done within seconds. Only
 * `pipeline run --smoke` asks for it, so an edit of it changes no key.
 */
export type Smoke<P> = (params: P, deps: Deps) => P | Promise<P>;
