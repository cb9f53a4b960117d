import type { AddedToken } from './added-token.ts';

/** Added tokens by id. */
export type AddedTokens = ReadonlyMap<number, AddedToken>;

/**
 * Tokens by id, after adding more: an existing token or one of the vocabulary keeps its id, others get ids
 * from `next` on.
 */
export function withTokens(
  before: AddedTokens,
  more: readonly AddedToken[],
  idOf: (content: string) => number | undefined,
  next: number,
): AddedTokens {
  const added = new Map(before);
  const ids = new Map(Array.from(added, ([id, { content }]) => [content, id]));
  let free = next;
  for (const token of more) {
    if (token.content === '') continue;
    const known = ids.get(token.content) ?? idOf(token.content);
    const id = known ?? free;
    if (known === undefined) free += 1;
    ids.set(token.content, id);
    added.set(id, token);
  }
  return added;
}

/** How many ids a vocabulary has with its added tokens. */
export const sizeWith = (added: AddedTokens, size: number): number =>
  Array.from(added.keys()).reduce((most, id) => Math.max(most, id + 1), size);
