import type { Row } from '../../src/ml/dataset/row.ts';
import type { Facts } from './answers.ts';
import { answer, factsOf, slotNames } from './answers.ts';
import type { Case } from './cases.ts';
import { randomCase } from './cases.ts';
import type { Language } from './lexicon.ts';
import { question, story } from './questions.ts';
import type { Random } from './random.ts';
import { below, pick, seededRandom, shuffled } from './random.ts';
import { corruptSpans } from './span-corruption.ts';

/** How many rows of either kind; the order of both kinds is random. */
export interface CorpusOptions {
  readonly seed: number;
  readonly spans: number;
  readonly pairs: number;
}

/**
 * The pre-training corpus: span corruption and text-to-text tasks mixed (Raffel et al. 2020, T5, section
 * 3.5.3). It teaches the language of questions and answers and nothing of what fine-tuning is to teach: which
 * illness goes with which symptom, which dose with which age and which advice with which trigger is drawn at
 * random in every row. Facts that always occur together (condition, drug, test, specialist, warning) do so
 * here too. No task uses the prompt of fine-tuning.
 */
export function* corpusRows({ seed, spans, pairs }: CorpusOptions): Generator<Row> {
  const random = seededRandom(seed);
  for (let spansLeft = spans, pairsLeft = pairs; spansLeft + pairsLeft > 0;) {
    const language: Language = random() < 0.5 ? 'en' : 'zh';
    if (below(random, spansLeft + pairsLeft) < spansLeft) {
      spansLeft -= 1;
      yield corruptSpans(random, language, text(random, language));
    } else {
      pairsLeft -= 1;
      yield pick(random, tasks)(random, language);
    }
  }
}

type Task = (random: Random, language: Language) => Row;

/** A question in other words. */
const rewrite: Task = (random, language) => {
  const patientCase = randomCase(random);
  return {
    human: `rewrite: ${story(random, language, patientCase)}`,
    assistant: story(random, language, patientCase),
  };
};

/** What a story says, slot by slot: the eye for what fine-tuning's rule depends on, without the rule. */
const extract: Task = (random, language) => {
  const patientCase = randomCase(random);
  const phrases = [
    patientCase.illness.symptom,
    patientCase.duration.duration,
    patientCase.age.age,
    patientCase.trigger.trigger,
  ];
  return {
    human: `extract: ${story(random, language, patientCase)}`,
    assistant: phrases.map((phrase) => phrase[language]).join('; '),
  };
};

/** The second half of a text. */
const continueText: Task = (random, language) => {
  const whole = text(random, language);
  const parts = language === 'en' ? whole.split(' ') : whole.split(/(?<=[，。、？])/u);
  const cut = 1 + below(random, parts.length - 1);
  const glue = language === 'en' ? ' ' : '';
  return { human: `continue: ${parts.slice(0, cut).join(glue)}`, assistant: parts.slice(cut).join(glue) };
};

/**
 * The answer that puts a doctor's notes into words. Notes are shuffled and leave facts out, which then have
 * to be known.
 */
const notes: Task = (random, language) => {
  const patientCase = randomCase(random);
  const facts = randomFacts(random, patientCase);
  const share = pick(random, [0, 0.3, 0.7, 1]);
  const phrases = slotNames
    .filter((name) => name !== 'symptom' && random() < share)
    .map((name) => facts.slots[name][language]);
  const mentioned = [patientCase.duration.duration[language], patientCase.illness.symptom[language]];
  return {
    human: `notes: ${shuffled(random, [...mentioned, ...phrases]).join('; ')}`,
    assistant: answer(language, facts),
  };
};

/**
 * The same with the patient's story in front: at least one fact is given, so that a bare question is never
 * answered.
 */
const consult: Task = (random, language) => {
  const patientCase = randomCase(random);
  const facts = randomFacts(random, patientCase);
  const known = shuffled(
    random,
    slotNames.filter((name) => name !== 'symptom'),
  ).slice(below(random, slotNames.length - 1));
  const phrases = known.map((name) => facts.slots[name][language]);
  return {
    human: `consult: ${[...phrases, story(random, language, patientCase)].join('; ')}`,
    assistant: answer(language, facts),
  };
};

/** Most pairs end in an answer: only they show how one is made. */
const tasks = [notes, consult, consult, extract, rewrite, continueText] as const;

/** A question or an answer. */
const text: (random: Random, language: Language) => string = (random, language) => {
  const patientCase = randomCase(random);
  if (random() < 0.5) return answer(language, randomFacts(random, patientCase));
  const newQuestion = question(random, language, patientCase);
  return `${newQuestion.title} ${newQuestion.story}`.trim();
};

/** Facts that fit among themselves, but do not follow from the case's symptom, age or trigger. */
const randomFacts = (random: Random, { illness, duration }: Case): Facts => ({
  course: duration.course,
  slots: { ...factsOf(randomCase(random)).slots, symptom: illness.symptom },
});
