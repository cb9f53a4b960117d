import type { Facts, SlotName } from './answers.ts';
import { answer, slotNames } from './answers.ts';
import { randomCase } from './cases.ts';
import type { Language, Phrase } from './lexicon.ts';
import { ages, durations, illnesses, triggers } from './lexicon.ts';
import { question, story } from './questions.ts';
import type { Random } from './random.ts';
import { below, pick, seededRandom, shuffled } from './random.ts';
import { corruptSpans } from './span-corruption.ts';

/** One pre-training example, in the field names of a formatted row: what is read and what is to be written. */
export interface CorpusRow {
  readonly human: string;
  readonly assistant: string;
}

/** How many rows of either kind; the order of both kinds is random. */
export interface CorpusOptions {
  readonly seed: number;
  readonly spans: number;
  readonly pairs: number;
}

/**
 * The pre-training corpus: span corruption and text-to-text tasks mixed (Raffel et al. 2020, T5, section 3.5.3). It
 * teaches the language of questions and answers and nothing of what fine-tuning is to teach: which illness goes with
 * which symptom, which dose with which age and which advice with which trigger is drawn at random in every row. Facts
 * that always occur together (condition, drug, test, specialist, warning) do so here too. No task uses the prompt of
 * fine-tuning.
 */
export function* corpusRows({ seed, spans, pairs }: CorpusOptions): Generator<CorpusRow> {
  const random = seededRandom(seed);
  for (let spansLeft = spans, pairsLeft = pairs; spansLeft + pairsLeft > 0; ) {
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

type Task = (random: Random, language: Language) => CorpusRow;

/** A question in other words. */
const rewrite: Task = (random, language) => {
  const asked = randomCase(random);
  return { human: `rewrite: ${story(random, language, asked)}`, assistant: story(random, language, asked) };
};

/** The second half of a text. */
const continueText: Task = (random, language) => {
  const whole = text(random, language);
  const parts = language === 'en' ? whole.split(' ') : whole.split(/(?<=[，。、？])/u);
  const cut = 1 + below(random, parts.length - 1);
  const glue = language === 'en' ? ' ' : '';
  return { human: `continue: ${parts.slice(0, cut).join(glue)}`, assistant: parts.slice(cut).join(glue) };
};

/** The answer that puts a doctor's notes into words. Notes are shuffled and leave facts out, which then have to be known. */
const notes: Task = (random, language) => {
  const facts = randomFacts(random);
  const { duration } = pick(random, durations.filter(({ course }) => course === facts.course) as [(typeof durations)[0]]);
  const share = pick(random, [0, 0.3, 0.7, 1]);
  const told = slotNames.filter((name) => name === 'symptom' || random() < share).map((name) => facts.slots[name][language]);
  return { human: `notes: ${shuffled(random, [duration[language], ...told]).join('; ')}`, assistant: answer(language, facts) };
};

/** Half of the pairs are notes: only they show how an answer is made. */
const tasks = [notes, notes, rewrite, continueText] as const;

/** A question or an answer. */
const text: (random: Random, language: Language) => string = (random, language) => {
  if (random() < 0.5) return answer(language, randomFacts(random));
  const asked = question(random, language, randomCase(random));
  return `${asked.title} ${asked.story}`.trim();
};

/** Facts that fit among themselves, but say nothing about which symptom, age or trigger they belong to. */
const randomFacts = (random: Random): Facts => {
  const slots: Record<SlotName, Phrase> = {
    ...pick(random, illnesses),
    symptom: pick(random, illnesses).symptom,
    dose: pick(random, ages).dose,
    advice: pick(random, triggers).advice,
  };
  return { course: pick(random, durations).course, slots };
};
