/**
 * The metrics that people compare models by, of many, in the order in which they are shown: a name, or the
 * end of one. Of a score that several profiles have, that of the profile that reads every script. Empty:
 * fewer than two are known.
 */
export function leadingMetrics(names: readonly string[]): readonly string[] {
  const leading = wellKnown.flatMap((ending) => {
    const found = names.filter((name) => name === ending || name.endsWith(`.${ending}`));
    return found.find((name) => name.startsWith('multilingual.')) ?? found[0] ?? [];
  });
  return leading.length > 1 ? leading : [];
}

const wellKnown = ['selection_loss', 'rougeL', 'f1', 'exact_match', 'bertscore_f1', 'slot_mean.mean'];
