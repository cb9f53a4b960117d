import { joinFirst } from '../wording/join-first.ts';

/** "split[*], merge known after list". */
export function awaitedText(
  awaited: readonly { readonly name: string; readonly after: readonly string[] }[],
): string {
  const names = joinFirst(
    awaited.map(({ name }) => name),
    2,
  );
  const lists = new Set(awaited.flatMap(({ after }) => after));
  return `${names} known after ${joinFirst([...lists], 2)}`;
}
