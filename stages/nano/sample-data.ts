import { answer, factsOf, slotTexts } from './answers.ts';
import type { SlotName } from './answers.ts';
import type { Case } from './cases.ts';
import { shuffledCases } from './cases.ts';
import type { Language } from './lexicon.ts';
import type { Question } from './questions.ts';
import { question } from './questions.ts';
import { seededRandom } from './random.ts';

/** A question with its right answer and the answer's facts. */
export interface Sample {
  readonly patientCase: Case;
  readonly question: Question;
  readonly answer: string;
  readonly slots: Readonly<Record<SlotName, string>>;
}

export interface SampleOptions {
  readonly seed: number;
  readonly language: Language;
  readonly rows: number;
  readonly questions: number;
}

/**
 * Rows to train and test on and questions to sample answers to: no combination of slots occurs twice among
 * them all.
 */
export function samples({ seed, language, rows, questions }: SampleOptions): {
  rows: readonly Sample[];
  questions: readonly Sample[];
} {
  const random = seededRandom(seed);
  const all = shuffledCases(random)
    .slice(0, rows + questions)
    .map((patientCase) => {
      const facts = factsOf(patientCase);
      return {
        patientCase,
        question: question(random, language, patientCase),
        answer: answer(language, facts),
        slots: slotTexts(language, facts.slots),
      };
    });
  return { rows: all.slice(0, rows), questions: all.slice(rows) };
}
