/**
 * The results of `act` for each item, in their order; at most `count` calls at once. Rejects with the first.
 */
export async function mapAtMost<T, R>(
  count: number,
  items: readonly T[],
  act: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const left = items.entries();
  async function work(): Promise<void> {
    for (const [index, item] of left) results[index] = await act(item, index);
  }
  await Promise.all(Array.from({ length: count }, work));
  return results;
}
