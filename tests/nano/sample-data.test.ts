import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { slotNames } from '../../stages/nano/answers.ts';
import { ages, durations, illnesses, triggers } from '../../stages/nano/lexicon.ts';
import type { Language, Phrase } from '../../stages/nano/lexicon.ts';
import { sampleFiles } from '../../stages/nano/sample-files.ts';
import { samples } from '../../stages/nano/sample-data.ts';

const root = join(import.meta.dirname, '../..');
const languages = ['en', 'zh'] as const;
const of = (language: Language) => samples({ seed: 9, language, rows: 1000, questions: 100 });

test('the committed sample data equals the output of the grammar, byte for byte', () => {
  for (const { path, text } of sampleFiles())
    expect(text === readFileSync(join(root, path), 'utf8'), path).toBe(true);
});

test('the raw files can be parsed, and the original filters leave 384 rows per language', () => {
  const aimc: unknown = parse(readFileSync(join(root, 'data/raw/aimc/aimc.csv')), { columns: true });
  const kept = (aimc as Record<string, string>[]).filter(
    (row) =>
      row['Description']?.includes('Q.') &&
      /Hello\.|Hi\.|Hello,/.test(row['Doctor'] ?? '') &&
      /Hi doctor,|Hello doctor,/.test(row['Patient'] ?? ''),
  );
  expect([(aimc as unknown[]).length, kept.length]).toEqual([394, 384]);
  const huatuo = readFileSync(join(root, 'data/raw/huatuo/huatuo.jsonl'), 'utf8').trimEnd().split('\n');
  expect(huatuo.map((line) => JSON.parse(line) as unknown)).toHaveLength(390);
});

test.each(languages)('%s: no combination of slots and no question occurs twice', (language) => {
  const { rows, questions } = of(language);
  const all = [...rows, ...questions];
  const keys = all.map(({ patientCase }) =>
    [patientCase.illness, patientCase.trigger, patientCase.age, patientCase.duration]
      .map((slot) => JSON.stringify(slot))
      .join(),
  );
  expect(new Set(keys).size).toBe(1100);
  expect(new Set(all.map(({ question }) => question.title + question.story)).size).toBe(1100);
});

test.each(languages)(
  '%s: every slot value occurs in its answer once, without another value of the slot',
  (language) => {
    const { rows } = of(language);
    const valuesOf = new Map(
      slotNames.map((name) => [name, [...new Set(rows.map(({ slots }) => slots[name]))]]),
    );
    for (const { answer, slots } of rows)
      for (const name of slotNames) {
        expect(answer.split(slots[name]), `${name} in ${answer}`).toHaveLength(2);
        expect(valuesOf.get(name)?.filter((value) => answer.includes(value))).toEqual([slots[name]]);
      }
  },
);

test.each(languages)('%s: only the symptom can be copied from the question', (language) => {
  for (const { question, slots } of of(language).rows)
    expect(
      Object.entries(slots)
        .filter(([, value]) => question.story.includes(value))
        .map(([name]) => name),
    ).toEqual(['symptom']);
});

test.each(languages)(
  '%s: no answer repeats three words or characters, so no_repeat_ngram 3 forbids none',
  (language) => {
    for (const { answer } of of(language).rows) {
      const units = language === 'en' ? answer.split(/(?=[,.:])| /) : Array.from(answer);
      const threes = units.slice(2).map((unit, index) => [units[index], units[index + 1], unit].join(' '));
      expect(new Set(threes).size, answer).toBe(threes.length);
    }
  },
);

test.each(languages)(
  '%s: two values of a slot share no word, so that a wrong fact scores nothing',
  (language) => {
    const slots: readonly (readonly Phrase[])[] = [
      illnesses.map(({ symptom }) => symptom),
      illnesses.map(({ condition }) => condition),
      illnesses.map(({ drug }) => drug),
      illnesses.map(({ test: examination }) => examination),
      illnesses.map(({ specialist }) => specialist),
      illnesses.map(({ warning }) => warning),
      triggers.map(({ advice }) => advice),
      ages.map(({ age }) => age),
      ages.map(({ dose }) => dose),
      durations.map(({ duration }) => duration),
    ];
    for (const values of slots.slice(0, language === 'en' ? 9 : 0)) {
      const words = values.flatMap((value) => value[language].split(' '));
      expect(new Set(words).size, words.join(' ')).toBe(words.length);
    }
    for (const values of slots)
      expect(new Set(values.map((value) => value[language])).size).toBe(values.length);
  },
);
