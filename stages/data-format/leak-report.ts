import { elementsAt } from '../../src/ml/dataset/elements-at.ts';
import { duplicatesOf, type Fold, leakKinds, leaksOf, type RowLeak } from '../../src/ml/dataset/leakage.ts';
import type { Row } from '../../src/ml/dataset/row.ts';
import { validationSplitOf } from '../../src/ml/dataset/split.ts';
import { nearDuplicate } from '../../src/ml/dataset/similar-texts.ts';

/** Test rows that leaked into the training rows, as equals or near duplicates, and duplicate test rows. */
export interface Leaks {
  readonly test: readonly RowLeak[];
  readonly withinTest: readonly RowLeak[];
}

export const findLeaks = (kept: readonly Row[], test: readonly Row[], fold?: Fold): Leaks => ({
  test: leaksOf(test, kept, fold),
  withinTest: duplicatesOf(test, fold),
});

/** Validation rows that the other training rows give away, split as `train` splits them. */
export function validationLeaks(
  train: readonly Row[],
  { validation, splitSeed = 42 }: { readonly validation?: number; readonly splitSeed?: number },
  fold?: Fold,
): { readonly leaks: readonly RowLeak[]; readonly text: string | undefined } | undefined {
  if (validation === undefined) return undefined;
  const { heldOut, kept } = validationSplitOf(train, validation, splitSeed);
  const leaks = leaksOf(elementsAt(train, heldOut), elementsAt(train, kept), fold);
  return {
    leaks,
    text: leaksText(leaks, heldOut.length, 'validation', 'are also in the other training rows'),
  };
}

/** A line of the out `leaks`: rows count from 1, as the lines of test.jsonl and train.jsonl do. */
export const leakLine = ({ kind, row, of }: RowLeak, trainRows: number): unknown => ({
  test_row: row + 1,
  kind,
  train_row: of < trainRows ? of + 1 : null,
});

/** The section of preparation.json on leaks: how they were found, and the number of each kind. */
export const leakCounts = (
  { test, withinTest }: Leaks,
  foldedChinese: boolean,
): Readonly<Record<string, unknown>> => ({
  method: methodText(foldedChinese),
  test_rows_in_train: countsOf(test),
  duplicates_within_test: countsOf(withinTest),
});

export const methodText = (foldedChinese: boolean): string =>
  'words after NFKC, without case and ' +
  `signs${foldedChinese ? ', traditional characters as simplified ones' : ''}; ` +
  `near: at least ${nearDuplicate.shingles} of all runs of three words in common, or at least ` +
  `${nearDuplicate.aligned} of the words of the longer text in the same order`;

/** How many there are of each kind. */
export function countsOf(leaks: readonly RowLeak[]): Readonly<Record<string, number>> {
  const counts = leakKinds.map((kind) => [
    kind.replaceAll(' ', '_'),
    leaks.filter((leak) => leak.kind === kind).length,
  ]);
  return { total: leaks.length, ...Object.fromEntries(counts) };
}

/** For the terminal: "12 of 96 test rows are also in the training rows (2 same text, 10 nearly the same)". */
export function leaksText(
  leaks: readonly RowLeak[],
  rows: number,
  part: 'test' | 'validation',
  where: string,
): string | undefined {
  if (leaks.length === 0) return undefined;
  const kinds = leakKinds
    .map((kind) => ({ kind, count: leaks.filter((leak) => leak.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count} ${kindTexts[kind]}`);
  return `${leaks.length} of ${rows} ${part} rows ${where} (${kinds.join(', ')})`;
}

/** The same for one row and for many. */
const kindTexts: Readonly<Record<RowLeak['kind'], string>> = {
  same: 'same text',
  normalised: 'same words',
  question: 'same question with another answer',
  near: 'nearly the same',
  'near question': 'nearly the same question with another answer',
};

/** The first leaked rows, for a refusal. */
export const leakPlaces = (leaks: readonly RowLeak[], test: readonly Row[]): string =>
  leaks
    .slice(0, 20)
    .map(({ kind, row }) => `${kindTexts[kind]}: ${JSON.stringify((test[row]?.human ?? '').slice(0, 80))}`)
    .join('\n');
