import type { Case } from './cases.ts';
import type { Course, Language, Phrase } from './lexicon.ts';
import { fill } from './template.ts';

/** The slots of an answer: the symptom is copied from the question, the others have to be known. */
export const slotNames = [
  'symptom',
  'condition',
  'drug',
  'test',
  'specialist',
  'warning',
  'dose',
  'advice',
] as const;
export type SlotName = (typeof slotNames)[number];

/** All that an answer says, and the course that decides how. */
export interface Facts {
  readonly course: Course;
  readonly slots: Readonly<Record<SlotName, Phrase>>;
}

/** The right facts of a case: the rule that fine-tuning has to learn. */
export const factsOf = ({ illness, trigger, age, duration }: Case): Facts => ({
  course: duration.course,
  slots: { ...illness, dose: age.dose, advice: trigger.advice },
});

/**
 * The one answer to a question with these facts: a function of the slots, so there is something exact to
 * learn.
 */
export const answer = (language: Language, { course, slots }: Facts): string =>
  fill(phrasings[language][course], slotTexts(language, slots));

/** The text of every slot value in the answer. */
export const slotTexts = (language: Language, slots: Facts['slots']): Record<SlotName, string> => ({
  symptom: slots.symptom[language],
  condition: slots.condition[language],
  drug: slots.drug[language],
  test: slots.test[language],
  specialist: slots.specialist[language],
  warning: slots.warning[language],
  dose: slots.dose[language],
  advice: slots.advice[language],
});

/** Few fixed words: they are what an answer that knows nothing gets right. */
const phrasings: Record<Language, Record<Course, string>> = {
  en: {
    acute:
      'Your {symptom} suggests {condition}. Take {drug}, {dose}, and {advice}. If {warning}, ask the ' +
      '{specialist} about {test}.',
    lasting:
      'This {symptom} means {condition}. Please {advice} with {drug}, {dose}. Next, {test} by the ' +
      '{specialist}, unless {warning}.',
    chronic:
      'Chronic {symptom} indicates {condition}: {test}, says every {specialist}. Then {drug}, ' +
      '{dose}. Also {advice}. Hurry when {warning}.',
  },
  zh: {
    acute: '{symptom}考虑{condition}。服用{drug}，{dose}，{advice}。若{warning}，到{specialist}做{test}。',
    lasting:
      '这种{symptom}多为{condition}。建议{advice}，用{drug}，{dose}。' +
      '再去{specialist}查{test}，除非{warning}。',
    chronic:
      '长期{symptom}提示{condition}，先{test}，听{specialist}安排。' +
      '可配{drug}，{dose}，还要{advice}，{warning}时急诊。',
  },
};
