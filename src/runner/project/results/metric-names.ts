import type { Metric } from './read-metrics.ts';

/** The metrics of one instance, by out. */
export type MetricsByOut = ReadonlyMap<string, readonly Metric[]>;

/**
 * Names for the metrics of a stage's instances, the names in a file joined by "."; qualified by the out where
 * two outs of an instance have one name, in all instances alike, so that no number hides another. A name in a
 * file that holds a dot is put in quotes where it would read like another: {"a.b": 1, "a": {"b": 2}} has
 * "a.b" in quotes and a.b.
 */
export function metricNames(
  instances: readonly MetricsByOut[],
): (out: string, path: readonly string[]) => string {
  const quoted = new Set(
    instances.flatMap((outs) =>
      [...outs].flatMap(([out, metrics]) => alike(metrics).map((name) => `${out} ${name}`)),
    ),
  );
  const plain = (out: string, path: readonly string[]): string => {
    const name = path.join('.');
    return quoted.has(`${out} ${name}`) ? path.map(withQuotes).join('.') : name;
  };
  const qualified = new Set<string>();
  const nameOf = (out: string, path: readonly string[]): string => {
    const name = plain(out, path);
    return qualified.has(`${out} ${name}`) ? `${out}.${name}` : name;
  };
  // A name that is qualified may read like another one: then that one is qualified as well.
  for (let before = -1; before < qualified.size;) {
    before = qualified.size;
    for (const outs of instances)
      for (const { out, path } of sharingNames(outs, nameOf)) qualified.add(`${out} ${plain(out, path)}`);
  }
  return nameOf;
}

const withQuotes = (name: string): string => (/[."]/.test(name) || name === '' ? JSON.stringify(name) : name);

/** Joined names that two paths of one file have. */
function alike(metrics: readonly Metric[]): readonly string[] {
  const seen = new Set<string>();
  return metrics
    .map(({ path }) => path.join('.'))
    .filter((name) => name === '' || seen.has(name) || !seen.add(name));
}

function sharingNames(
  outs: MetricsByOut,
  nameOf: (out: string, path: readonly string[]) => string,
): readonly { readonly out: string; readonly path: readonly string[] }[] {
  const byName = new Map<string, { readonly out: string; readonly path: readonly string[] }[]>();
  for (const [out, metrics] of outs)
    for (const { path } of metrics) {
      const name = nameOf(out, path);
      byName.set(name, [...(byName.get(name) ?? []), { out, path }]);
    }
  return [...byName.values()].filter((sharing) => sharing.length > 1).flat();
}
