import { isJsonList, isJsonObject, type Json } from '../../files/json.ts';
import type { Truncation } from '../result-answers.ts';

export type InstanceTruncation = Omit<Truncation, 'instances'> & { readonly instance: string };

/** The truncation section of a training's summary; earlier versions have none. */
export function truncationsIn(instance: string, summary: Json): readonly InstanceTruncation[] {
  const all = isJsonObject(summary) ? summary['truncation'] : undefined;
  return (isJsonList(all) ? all : []).flatMap((one) => {
    if (!isJsonObject(one)) return [];
    const { what, limit, rows, cut, longest } = one;
    return [
      {
        instance,
        what: String(what),
        limit: Number(limit),
        rows: Number(rows),
        cut: Number(cut),
        longest: Number(longest),
      },
    ];
  });
}

/**
 * Instances that cut the same rows in the same way share one line; the lines with most cut rows come first.
 */
export function grouped(truncations: readonly InstanceTruncation[]): readonly Truncation[] {
  const groups = new Map<string, Truncation>();
  for (const { instance, ...truncation } of truncations) {
    const same = JSON.stringify(Object.values(truncation));
    const instances = groups.get(same)?.instances ?? [];
    groups.set(same, { ...truncation, instances: [...instances, instance] });
  }
  return [...groups.values()].toSorted((one, other) => other.cut / other.rows - one.cut / one.rows);
}
