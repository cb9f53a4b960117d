/** "train", "aimc" and "lora" of train[aimc,lora]. */
const partsOf = (instance: string): readonly string[] => instance.replace(/\]$/, '').split(/[[,]/);

/** The parts of their names that all instances have, in the order of the first. */
function sharedParts(instances: readonly string[]): readonly string[] {
  const [first = [], ...others] = instances.map(partsOf);
  return first.filter((part) => others.every((other) => other.includes(part)));
}

/** The labels that distinguish an instance from others; for a single one, all its labels. */
export function shortLabel(instance: string, instances: readonly string[]): string {
  const shared = instances.length < 2 ? partsOf(instance).slice(0, 1) : sharedParts(instances);
  const own = partsOf(instance).filter((part) => !shared.includes(part));
  return own.length === 0 ? instance : own.join(' ');
}

/** What instances have in common beside their stage, which is a data set as a rule; or the first of them. */
export function nameOfSet(instances: readonly string[]): string {
  const shared = sharedParts(instances).slice(1);
  return shared.length > 0 && instances.length > 1 ? shared.join(', ') : (instances[0] ?? '');
}
