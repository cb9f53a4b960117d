import type { Digest } from '../../files/digest.ts';
import type { InstanceId, Key } from '../identity.ts';
import { differences } from './differences.ts';
import type { Content, Manifest } from './manifest.ts';
import type { Difference, Reason } from './reason.ts';

/** One finished result: what every out is, by the out's name. */
export interface Entry {
  readonly key: Key;
  readonly outs: Readonly<Record<string, Content>>;
  /**
   * Files that were there were taken as the result; nothing computed them. Never leaves this cache, loses to
   * a computed result.
   */
  readonly adopted?: true;
  /** Temp outs whose bytes were dropped here, by name. */
  readonly dropped?: readonly string[];
}

/** The outs of an entry whose bytes were dropped. */
export const droppedOuts = ({ outs, dropped = [] }: Entry): Entry['outs'] =>
  Object.fromEntries(Object.entries(outs).filter(([name]) => dropped.includes(name)));

/** Those whose bytes are to be here. */
export const keptOuts = ({ outs, dropped = [] }: Entry): Entry['outs'] =>
  Object.fromEntries(Object.entries(outs).filter(([name]) => !dropped.includes(name)));

/** The cached entry under an instance's key. */
export type Lookup =
  /** An entry whose every object is present and, by the stat cache, right. */
  | { readonly kind: 'hit'; readonly entry: Entry }
  /**
   * An entry without one of its objects, or with wrong bytes; `path`: the file of an out that the object is.
   */
  | { readonly kind: 'damaged'; readonly object: Digest; readonly path: string }
  /** An entry whose dropped outs are needed. */
  | { readonly kind: 'dropped'; readonly entry: Entry; readonly outs: readonly string[] }
  | { readonly kind: 'absent'; readonly past: Past };

/** How the last attempt with this very key ended; `evicted`: well, and its entry was collected since. */
export type Past = 'never' | 'failed' | 'interrupted' | 'evicted';

/** User settings that overrule a hit: `--force`, and `cache: false` in the YAML. */
export interface Policy {
  readonly forced: boolean;
  readonly cache: boolean;
  /** Dropped temp outs are needed: by the user, or for an instance that has to run. */
  readonly wanted?: { readonly for: InstanceId | undefined } | undefined;
}

/** The policy of the pipeline file. */
export const declaredPolicy = ({ cache }: Pick<Policy, 'cache'>): Policy => ({ forced: false, cache });

/** To have the bytes of all outs in place. */
export const wantedPolicy = (user: InstanceId | undefined): Policy => ({
  forced: false,
  cache: true,
  wanted: { for: user },
});

export type Decision =
  | { readonly kind: 'restore'; readonly entry: Entry }
  | { readonly kind: 'run'; readonly because: readonly [Reason, ...Reason[]] };

/**
 * Whether an instance runs, and why. `last`: the manifest of its last finished result, undefined when there
 * was none.
 */
export function decide(
  manifest: Manifest,
  found: Lookup,
  last: Manifest | undefined,
  { forced, cache, wanted }: Policy,
): Decision {
  if (forced) return run({ kind: 'forced' });
  if (!cache) return run({ kind: 'not-cached' });
  switch (found.kind) {
    case 'hit':
      return { kind: 'restore', entry: found.entry };
    case 'damaged':
      return run({ kind: 'damaged', object: found.object, path: found.path });
    case 'dropped':
      return run({
        kind: 'dropped',
        outs: found.outs,
        ...(wanted?.for === undefined ? {} : { for: wanted.for }),
      });
    case 'absent':
      return { kind: 'run', because: absent(found.past, last && differences(last, manifest)) };
  }
}

/**
 * How the last attempt with this key ended comes first; what changed since the last result after it.
 * `changed` is undefined where there was none.
 */
function absent(past: Past, changed: readonly Difference[] | undefined): readonly [Reason, ...Reason[]] {
  const since = changed ?? [];
  switch (past) {
    case 'failed':
      return [{ kind: 'failed-before' }, ...since];
    case 'interrupted':
      return [{ kind: 'interrupted-before' }, ...since];
    case 'evicted':
      return [{ kind: 'evicted' }, ...since];
    case 'never': {
      const [first, ...rest] = since;
      if (first !== undefined) return [first, ...rest];
      // The last result has this very key, but no entry: it was never cached, or has been evicted.
      return [{ kind: changed === undefined ? 'no-result' : 'evicted' }];
    }
  }
}

const run = (reason: Reason): Decision => ({ kind: 'run', because: [reason] });
