import { joinFirst } from '../../wording/join-first.ts';
import type { Instance } from '../instance.ts';

/** What to write in place of a path that is an out of other stages; undefined: none declares it. */
export type OutHelp = (path: string, reader?: string) => string | undefined;

/**
 * Finds the outs that a missing path was probably meant to be: a stage declares it, or a folder above it,
 * but its outs are in its own folder in `artifacts`. `reader`: the stage whose dep it is, which is not meant.
 */
export function declaredOuts(instances: readonly Pick<Instance, 'stage' | 'outs'>[]): OutHelp {
  const writers = new Map<string, Map<string, string>>();
  for (const { stage, outs } of instances)
    for (const [name, { declared }] of Object.entries(outs)) {
      const byStage = writers.get(declared) ?? new Map<string, string>();
      byStage.set(stage, `{ from: ${stage}, out: ${name} }`);
      writers.set(declared, byStage);
    }
  return (path, reader) => {
    const parts = path.split('/');
    for (let count = parts.length; count > 0; count -= 1) {
      const found = [...(writers.get(parts.slice(0, count).join('/')) ?? [])].flatMap(([stage, dep]) =>
        stage === reader ? [] : [dep],
      );
      if (found.length === 0) continue;
      const inside = count === parts.length ? '' : `, and ${parts.slice(count).join('/')} in it`;
      return `to read what another stage writes, use the dep ${joinFirst(found, 3, { separator: ' or ' })}${inside}`;
    }
    return undefined;
  };
}
