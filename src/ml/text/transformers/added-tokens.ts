import type { AddedToken } from './added-token.ts';

/**
 * Tokens by id, after more were added: one that a vocabulary holds keeps its id, others come after all ids there are. As
 * AddedVocabulary::add_tokens of tokenizers 0.22.
 */
export function withTokens(before: ReadonlyMap<number, AddedToken>, more: readonly AddedToken[], model: { readonly size: number; readonly idOf: (content: string) => number | undefined }): ReadonlyMap<number, AddedToken> {
  const added = new Map(before);
  const ids = new Map(Array.from(added, ([id, { content }]) => [content, id]));
  let next = Math.max(model.size, ...Array.from(added.keys(), (id) => id + 1));
  for (const token of more) {
    if (token.content === '') continue;
    const known = ids.get(token.content) ?? model.idOf(token.content);
    const id = known ?? next;
    if (known === undefined) next += 1;
    ids.set(token.content, id);
    added.set(id, token);
  }
  return added;
}
