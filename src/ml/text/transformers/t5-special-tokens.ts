import type { Result } from '../../../result.ts';
import { type AddedToken, specialToken } from './added-token.ts';
import { roleNames, type TokenizerConfig } from './tokenizer-config.ts';

/** The special tokens of a T5 folder, with T5's defaults. */
export interface T5SpecialTokens {
  readonly end: AddedToken;
  readonly unknown: AddedToken;
  readonly pad: AddedToken;
  /** All tokens that have a role, in the order of `roleNames`. */
  readonly roles: readonly AddedToken[];
  /** Others: the sentinels among them. */
  readonly additional: readonly AddedToken[];
  /** How many ids the configuration counts for sentinels. */
  readonly extraIds: number;
  /**
   * How many sentinels get their ids by counting down to the end of the vocabulary; others are added as they
   * come.
   */
  readonly counted: number;
}

/** As the constructor that T5Tokenizer and T5TokenizerFast of transformers 4.57 share. */
export function specialTokensOf({
  roles,
  additionalSpecialTokens: listed,
  extraIds = 100,
}: TokenizerConfig): Result<T5SpecialTokens> {
  const end = roles.eos ?? specialToken('</s>');
  const unknown = roles.unk ?? specialToken('<unk>');
  const pad = roles.pad ?? specialToken('<pad>');
  const inOrder = roleNames.flatMap((role) =>
    role === 'eos' ? end : role === 'unk' ? unknown : role === 'pad' ? pad : (roles[role] ?? []),
  );
  const given = (additional: readonly AddedToken[], counted: number) =>
    ({ ok: true, value: { end, unknown, pad, roles: inOrder, additional, extraIds, counted } }) as const;

  const sentinels = Array.from({ length: extraIds }, (_, index) => specialToken(sentinel(index)));
  if (listed === undefined) return given(sentinels, extraIds);
  const listedSentinels = listed.filter(({ content }) => content.includes('<extra_id_')).length;
  if (listedSentinels === 0) return given([...listed, ...sentinels], 0);
  if (extraIds === 0 || extraIds === listedSentinels) return given(listed, listedSentinels);
  return {
    ok: false,
    error:
      `extra_ids is ${extraIds}, and additional_special_tokens has ${listedSentinels} with ` +
      '"<extra_id_": expected as many',
  };
}

/** The sentinel token with that number. */
export const sentinel = (index: number): string => `<extra_id_${index}>`;
