/**
 * Each name by as many of its last parts as no other ends with, which `--columns` takes; what comes before
 * the last one above it.
 */
export function headingsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const endings = new Map<string, number>();
  for (const ending of [...new Set(names)].flatMap(endingsOf))
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  return new Map(
    names.map((name) => [
      name,
      (endingsOf(name).find((ending) => endings.get(ending) === 1) ?? name).replace(/\.(?=[^.]*$)/, '.\n'),
    ]),
  );
}

/** "a.b.c": "c", "b.c", "a.b.c". */
function endingsOf(name: string): readonly string[] {
  const parts = name.split('.');
  return parts.map((_, index) => parts.slice(parts.length - 1 - index).join('.'));
}
