import type { Case } from './cases.ts';
import type { Language } from './lexicon.ts';
import type { Random } from './random.ts';
import { pick } from './random.ts';
import { fill } from './template.ts';

/**
 * A patient's question: a title and what the patient tells. Chinese questions have no title, as in the raw
 * format.
 */
export interface Question {
  readonly title: string;
  readonly story: string;
}

/** One of the wordings of a case's question. */
export const question = (random: Random, language: Language, patientCase: Case): Question => ({
  title: title(random, language, patientCase),
  story: story(random, language, patientCase),
});

/** A title alone. */
export const title = (random: Random, language: Language, patientCase: Case): string =>
  language === 'zh' ? '' : fill(pick(random, titles), valuesOf(language, patientCase));

/** A story alone: it names all four slots of the case. */
export const story = (random: Random, language: Language, patientCase: Case): string =>
  fill(pick(random, stories[language]), valuesOf(language, patientCase));

const titles = [
  'What helps against {symptom}?',
  'Is {symptom} after {trigger} dangerous?',
  'Why does {symptom} last {duration}?',
  'How to treat {symptom}?',
] as const;

const stories = {
  en: [
    'The {age} has had {symptom} for {duration}, since {trigger}. Please help.',
    'After {trigger} came {symptom}. It has been {duration} now, and it is the {age} of our family.',
    'I ask for the {age} next door: {duration} of {symptom}, caused by {trigger}. What can we do?',
    'For {duration} there is {symptom}, worse with {trigger}. The patient is our {age}.',
  ],
  zh: [
    '家里的{age}因为{trigger}，{symptom}已经{duration}了，怎么办？',
    '医生您好，{age}，{symptom}{duration}，{trigger}之后出现的，请问如何治疗？',
    '{trigger}以后开始{symptom}，持续{duration}，患者是{age}，需要吃什么药？',
    '请教一下，{duration}以来总是{symptom}，和{trigger}有关，病人为{age}。',
  ],
} as const;

const valuesOf = (language: Language, { illness, trigger, age, duration }: Case): Record<string, string> => ({
  symptom: illness.symptom[language],
  trigger: trigger.trigger[language],
  age: age.age[language],
  duration: duration.duration[language],
});
