import type { Age, Duration, Illness, Trigger } from './lexicon.ts';
import { ages, durations, illnesses, triggers } from './lexicon.ts';
import type { Random } from './random.ts';
import { pick, shuffled } from './random.ts';

/** The subject of a question: the key of a row, unique in a data set. */
export interface Case {
  readonly illness: Illness;
  readonly trigger: Trigger;
  readonly age: Age;
  readonly duration: Duration;
}

/**
 * Every combination of the lexicon's slots, in random order: a prefix of it is a sample without repetition.
 */
export const shuffledCases = (random: Random): readonly Case[] =>
  shuffled(
    random,
    illnesses.flatMap((illness) =>
      triggers.flatMap((trigger) =>
        ages.flatMap((age) => durations.map((duration) => ({ illness, trigger, age, duration }))),
      ),
    ),
  );

/** One combination, drawn with repetition. */
export const randomCase = (random: Random): Case => ({
  illness: pick(random, illnesses),
  trigger: pick(random, triggers),
  age: pick(random, ages),
  duration: pick(random, durations),
});
