import { pythonStrip } from '../text/python-text.ts';
import { wordsOf } from '../text/words.ts';
import type { Row } from './row.ts';
import { firstSimilar, nearDuplicate } from './similar-texts.ts';

/** How two rows are the same, the closest first. */
export const leakKinds = ['same', 'normalised', 'question', 'near', 'near question'] as const;

/**
 * `same`: question and answer, character by character. `normalised`: they are the same words (NFKC, so full
 * width and composed forms too; case, signs and spaces do not count). `question`: the same words as a
 * question, another answer. `near`, `near question`: near duplicates, as `nearDuplicate` says, of question
 * and answer together, or of the question.
 */
export type LeakKind = (typeof leakKinds)[number];

/** A row and the earlier row that it repeats: indices into the lists. */
export interface RowLeak {
  readonly kind: LeakKind;
  readonly row: number;
  readonly of: number;
}

/** Applied to a text before it is compared: a fold of variants (traditional to simplified characters). */
export type Fold = (text: string) => string;

type Pair = Pick<Row, 'human' | 'assistant'>;

/** The rows that also occur among others, each once, by its closest kind, with the first row of that kind. */
export function leaksOf(
  rows: readonly Pair[],
  others: readonly Pair[],
  fold: Fold = asItIs,
): readonly RowLeak[] {
  return matches(formsOf(rows, fold), formsOf(others, fold), { earlier: false, near: true });
}

/**
 * The rows that also occur earlier in the same list; near duplicates are searched unless `near` is false.
 */
export function duplicatesOf(
  rows: readonly Pair[],
  fold: Fold = asItIs,
  { near = true }: { readonly near?: boolean } = {},
): readonly RowLeak[] {
  const forms = formsOf(rows, fold);
  return matches(forms, forms, { earlier: true, near });
}

const asItIs: Fold = (text) => text;

/** `earlier`: only rows before a row count. */
function matches(
  queries: Forms,
  known: Forms,
  { earlier, near }: { readonly earlier: boolean; readonly near: boolean },
): readonly RowLeak[] {
  const similar = (of: (forms: Forms) => Forms['words']): readonly number[] =>
    near ? firstSimilar(of(known), of(queries), nearDuplicate, { earlier }) : queries.texts.map(() => -1);
  const found: Readonly<Record<LeakKind, readonly number[]>> = {
    same: firstEqual(known.texts, queries.texts, earlier),
    normalised: firstEqual(known.normal, queries.normal, earlier),
    question: firstEqual(known.questions, queries.questions, earlier),
    near: similar(({ words }) => words),
    'near question': similar(({ questionWords }) => questionWords),
  };
  return queries.texts.flatMap((_, row) => {
    const kind = leakKinds.find((one) => found[one][row] !== -1);
    return kind === undefined ? [] : [{ kind, row, of: found[kind][row] ?? -1 }];
  });
}

/** Rows in the forms in which they are compared. */
interface Forms {
  readonly texts: readonly string[];
  readonly normal: readonly string[];
  readonly questions: readonly string[];
  readonly words: readonly (readonly string[])[];
  readonly questionWords: readonly (readonly string[])[];
}

function formsOf(rows: readonly Pair[], fold: Fold): Forms {
  const questionWords = rows.map(({ human }) => normalWords(fold(human)));
  const answerWords = rows.map(({ assistant }) => normalWords(fold(assistant)));
  const questions = rows.map(({ human }, row) => normalText(questionWords[row] ?? [], human));
  return {
    texts: rows.map(({ human, assistant }) => `${human}\n${assistant}`),
    normal: rows.map(
      ({ assistant }, row) => `${questions[row]}\n${normalText(answerWords[row] ?? [], assistant)}`,
    ),
    questions,
    words: questionWords.map((words, row) => [...words, ...(answerWords[row] ?? [])]),
    questionWords,
  };
}

const normalWords = (text: string): readonly string[] => wordsOf(text.normalize('NFKC'));

/** Of a text without words (signs alone), the text itself. */
const normalText = (words: readonly string[], text: string): string =>
  words.length > 0 ? words.join(' ') : pythonStrip(text.normalize('NFKC'));

/** The question in the form that is compared for equality: rows with the same question share it. */
export const questionKey = (question: string): string => normalText(normalWords(question), question);

function firstEqual(
  known: readonly string[],
  queries: readonly string[],
  earlier: boolean,
): readonly number[] {
  const firstOf = new Map<string, number>();
  known.forEach((text, row) => {
    if (!firstOf.has(text)) firstOf.set(text, row);
  });
  return queries.map((text, row) => {
    const found = firstOf.get(text) ?? -1;
    return earlier && found >= row ? -1 : found;
  });
}
