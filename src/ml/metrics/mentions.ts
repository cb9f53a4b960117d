import { type MentionToken, mentionTokens } from './mention-tokens.ts';
import { negationTest } from './negation.ts';
import { partOfQuantityTest } from './quantity-context.ts';

/** A value that a text names. */
export interface Mention {
  /** The value's identity. */
  readonly value: string;
  /** A word before it takes it back: "do not take …". */
  readonly negated: boolean;
}

/**
 * How values are compared: two with equal identities are one ("Zinc" and "zinc", "3.0 mg" and "3mg"). Empty:
 * no words.
 */
export const valueIdentity = (value: string): string =>
  mentionTokens(value)
    .map(({ text }) => text)
    .join(' ');

/**
 * Finds where the tokens of a text name one of the values. A value is named by all of its tokens in a row, in
 * one sentence; never inside of a number, a range or a numeral ("3 mg" in "0.3 mg" or "1-3 mg", "三天" in
 * "十三天"), nor inside of a longer value ("rest" in "bed rest" where both are values).
 */
export function mentionFinder(
  values: readonly string[],
): (tokens: readonly MentionToken[]) => readonly Mention[] {
  const byFirst = new Map<string, { readonly value: string; readonly tokens: readonly MentionToken[] }[]>();
  for (const [identity, written] of new Map(values.map((value) => [valueIdentity(value), value]))) {
    const tokens = mentionTokens(written);
    const [first] = tokens;
    if (first === undefined) continue;
    const others = byFirst.get(first.text);
    if (others === undefined) byFirst.set(first.text, [{ value: identity, tokens }]);
    else others.push({ value: identity, tokens });
  }
  const isNegated = negationTest();
  const isPartOfQuantity = partOfQuantityTest();
  return (tokens) => {
    const found = tokens.flatMap(({ text: word }, start) =>
      (byFirst.get(word) ?? [])
        .filter((candidate) => matchesAt(candidate.tokens, tokens, start))
        .map(({ value, tokens: { length } }) => ({ value, start, end: start + length }))
        .filter(({ end }) => !isPartOfQuantity(tokens, start, end)),
    );
    return found
      .filter((one) => !found.some((other) => isInside(one, other)))
      .map(({ value, start, end }) => ({ value, negated: isNegated(tokens, start, end) }));
  };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const isInside = (inner: Span, outer: Span): boolean =>
  outer.start <= inner.start && inner.end <= outer.end && outer.end - outer.start > inner.end - inner.start;

function matchesAt(value: readonly MentionToken[], text: readonly MentionToken[], start: number): boolean {
  return value.every(({ text: word, gap }, offset) => {
    const token = text[start + offset];
    return token?.text === word && (offset === 0 || token.gap === gap || !endsSentence.test(token.gap));
  });
}

const endsSentence = /[.;!?。]/;
