/**
 * The known name that is most like a misspelt one: by optimal string alignment distance (insert, delete,
 * replace, swap of neighbours), at most a third of the name's length (`part`: another part of it), case
 * aside. Undefined where nothing is near.
 */
export function nearest(name: string, known: Iterable<string>, part = 3): string | undefined {
  const wanted = name.toLowerCase().slice(0, longest);
  let best: string | undefined;
  let bound = Math.max(1, Math.floor(wanted.length / part)) + 1;
  for (const candidate of known) {
    if (candidate === name || Math.abs(candidate.length - wanted.length) >= bound) continue;
    const away = distance(wanted, candidate.toLowerCase());
    if (away < bound) [best, bound] = [candidate, away];
  }
  return best;
}

/** Only this much of a longer name is compared, which bounds the work for hostile input. */
const longest = 64;

function distance(a: string, b: string): number {
  let [beforeLast, last]: [readonly number[], readonly number[]] = [
    [],
    Array.from({ length: b.length + 1 }, (_, column) => column),
  ];
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}
