import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stage } from '../../stages/data-format.ts';
import { validationSplit } from '../../src/ml/dataset/split.ts';
import type { StageMessage } from '../../src/stage/message.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-format-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Params = Parameters<typeof stage.run>[0]['params'];

interface Record {
  readonly human: string;
  readonly assistant: string;
  readonly patient?: number;
  readonly topic?: string;
}

/** What the stage makes of records, with all outs or only those that every pipeline declares. */
async function prepared(records: readonly Record[], params: Partial<Params> = {}, hasAllOuts = true) {
  const raw = join(folder, 'raw.jsonl');
  await writeFile(raw, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const out = (name: string) => join(folder, name);
  const warnings: string[] = [];
  const result = await stage.run({
    params: { testFraction: 0.25, seed: 42, ...params },
    deps: { raw },
    gathered: { raw: [] },
    outs: {
      train: out('train.jsonl'),
      test: out('test.jsonl'),
      preparation: out('preparation.json'),
      ...(hasAllOuts ? { leaks: out('leaks.jsonl'), card: out('card.md') } : {}),
    },
    scratch: folder,
    cpus: 1,
    device: 'cpu',
    signal: new AbortController().signal,
    emit: (message: StageMessage) => {
      if (message.kind === 'warning') warnings.push(message.text);
    },
  });
  if (result?.ok === false) return { error: result.error, train: [], test: [], leaks: [], warnings };
  const lines = async (name: string) =>
    existsSync(out(name))
      ? (await readFile(out(name), 'utf8'))
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line))
      : [];
  return {
    train: await lines('train.jsonl'),
    test: await lines('test.jsonl'),
    leaks: await lines('leaks.jsonl'),
    preparation: JSON.parse(await readFile(out('preparation.json'), 'utf8')),
    card: existsSync(out('card.md')) ? await readFile(out('card.md'), 'utf8') : undefined,
    warnings,
  };
}

const topics = ['fever', 'cough', 'rash', 'pain', 'sleep', 'burns', 'teeth', 'eyes', 'heart', 'skin'];
/** Rows that have nothing in common but their form. */
const rows = (count: number): readonly Record[] =>
  Array.from({ length: count }, (_, row) => ({
    human: `q${row}a q${row}b?`,
    assistant: `a${row}a a${row}b.`,
    patient: row % 6,
    topic: topics[row % 2] ?? '',
  }));

test('optional outs are written only where they are declared', async () => {
  const { train, test: held, card } = await prepared(rows(40), {}, false);
  expect([train.length, held.length, card]).toEqual([30, 10, undefined]);
  expect(Object.keys(train[0])).toEqual(['human', 'assistant']);
  expect((await prepared(rows(40))).card).toMatch(/^# Data card: raw\.jsonl/);
});

test('data without records fails with the name of the file', async () => {
  expect(await prepared([])).toMatchObject({ error: `${join(folder, 'raw.jsonl')}: contains no records` });
});

test('test rows leaked by training rows are counted by kind, named by line, dropped or refused', async () => {
  const all = rows(39);
  const [first, second, third] = (await prepared(all)).test;
  const twins = [
    first,
    { ...second, human: second.human.toUpperCase() },
    { ...third, assistant: 'Something else altogether.' },
  ];
  const leaky = [...all, ...twins];
  const seed = await seedThatParts(
    leaky,
    twins.map(({ human }) => human.toLowerCase()),
  );
  const found = await prepared(leaky, { seed });
  expect(found.preparation.leaks).toMatchObject({
    method: expect.stringMatching(/0\.7 of all runs of three words.*0\.9 of the words/),
    test_rows_in_train: { total: 3, same: 1, normalised: 1, question: 1, near: 0 },
  });
  expect(found.warnings).toEqual([
    '3 of 11 test rows are also in the training rows (1 same text, 1 same words, 1 same question ' +
      'with another answer)',
  ]);
  expect(found.leaks).toHaveLength(3);
  for (const { test_row, train_row } of found.leaks)
    expect(found.test[test_row - 1].human.toLowerCase()).toBe(found.train[train_row - 1].human.toLowerCase());
  const dropped = await prepared(leaky, { seed, onLeak: 'drop' });
  expect([dropped.test.length, dropped.train, dropped.leaks]).toEqual([8, found.train, []]);
  expect(dropped.preparation).toMatchObject({ test: 8, leaked_rows_dropped: 3 });
  expect((await prepared(leaky, { seed, onLeak: 'refuse' })).error).toMatch(/^3 of 11 test rows .*\n.*"/s);
});

/** A seed by which each of these questions is on both sides. */
async function seedThatParts(records: readonly Record[], questions: readonly string[]): Promise<number> {
  for (let seed = 0; seed < 1000; seed += 1) {
    const { train, test: held } = await prepared(records, { seed });
    const [left, right] = [train, held].map((side) => side.map(({ human }) => human.toLowerCase()));
    if (questions.every((question) => left?.includes(question) && right?.includes(question))) return seed;
  }
  throw new Error('no seed puts the questions on both sides');
}

test('rows of one patient or question are never on both sides, also in validation', async () => {
  const { train, test: held } = await prepared(rows(60), { groupBy: 'patient' });
  const patientOf = ({ human }: Record) => Number(/\d+/.exec(human)?.[0]) % 6;
  const trained = new Set(train.map(patientOf));
  expect(held.filter((row) => trained.has(patientOf(row)))).toEqual([]);
  expect(new Set(train.map(({ group }) => group)).size).toBe(trained.size);
  const asked = [
    ...rows(20),
    ...rows(20).map((row) => ({ ...row, human: row.human.toUpperCase(), assistant: 'No.' })),
  ];
  expect((await prepared(asked, { groupBy: 'question' })).preparation.leaks.test_rows_in_train).toMatchObject(
    {
      same: 0,
      normalised: 0,
      question: 0,
    },
  );
  expect(
    (
      await prepared(
        rows(8).map((row) => ({ ...row, patient: 1 })),
        { groupBy: 'patient' },
      )
    ).error,
  ).toBe('groupBy "patient" leaves no test rows: the largest group has 8 of 8 rows');
});

test('each topic has its share of the test rows', async () => {
  const { test: held } = await prepared(rows(40), { stratifyBy: 'topic' });
  const odd = held.filter(({ human }) => Number(/\d+/.exec(human)?.[0]) % 2 === 1);
  expect([held.length, odd.length]).toEqual([10, 5]);
});

test('validation rows leaked by training rows are counted, with the split of the training', async () => {
  const twice = rows(40).flatMap((row) => [row, row]);
  const { train, preparation, warnings } = await prepared(twice, { testFraction: 0, validation: 0.1 });
  const { heldOut, kept } = validationSplit(80, 0.1, 42);
  const humans = (places: readonly number[]) => places.map((place): string => train[place].human);
  const leaked = humans(heldOut).filter((human) => humans(kept).includes(human)).length;
  expect(leaked).toBeGreaterThan(0);
  expect(preparation.leaks.validation_rows_in_train).toMatchObject({ total: leaked, same: leaked });
  expect(warnings).toContain(
    `${leaked} of 8 validation rows are also in the other training rows (${leaked} same text)`,
  );
});

test('a part of the training rows is their beginning, and the test rows stay', async () => {
  const whole = await prepared(rows(40));
  const part = await prepared(rows(40), { trainShare: 0.25 });
  expect(part.train).toEqual(whole.train.slice(0, 7));
  expect(part.test).toEqual(whole.test);
});

test('test rows have their source, a field or the file, only on request', async () => {
  const { train, test: held } = await prepared(rows(40), { sourceBy: 'topic' });
  expect(new Set(held.map(({ source }) => source))).toEqual(new Set(['fever', 'cough']));
  expect(Object.keys(train[0])).toEqual(['human', 'assistant']);
  const plain = await prepared(rows(40));
  const byFile = await prepared(rows(40), { sourceBy: 'file' });
  expect(byFile.test).toEqual(plain.test.map((row) => ({ ...row, source: 'raw.jsonl' })));
  expect(plain.test[0]).not.toHaveProperty('source');
});

test('a record without a field that the split needs is dropped, by name', async () => {
  const { preparation } = await prepared([...rows(8), { human: 'x?', assistant: 'y' }], {
    groupBy: 'patient',
  });
  expect(preparation.dropped).toMatchObject([
    {
      count: 1,
      examples: [
        { file: 'raw.jsonl', line: 9, message: expect.stringContaining('expected the field "patient"') },
      ],
    },
  ]);
});

test('traditional characters become simplified ones on request', async () => {
  const both = [
    { human: '頭痛應該吃什麼藥', assistant: '多喝水' },
    { human: '头痛应该吃什么药', assistant: '多喝水' },
  ];
  expect((await prepared(both, { testFraction: 0.5 })).preparation.leaks.test_rows_in_train.total).toBe(0);
  const folded = await prepared(both, { testFraction: 0.5, foldChinese: true });
  expect(folded.preparation.leaks).toMatchObject({
    method: expect.stringContaining('traditional characters as simplified ones'),
    test_rows_in_train: { normalised: 1 },
  });
});

test('the card counts rows, lengths, languages, drops, duplicates and leaks', async () => {
  const records = [
    ...Array.from({ length: 30 }, (_, row) => ({
      human: `What helps against a cold that has lasted for ${row} days and nights?`,
      assistant: 'Rest, drink warm water, and see a doctor if it does not get better.',
    })),
    ...Array.from({ length: 30 }, (_, row) => ({
      human: `感冒已经持续了${row}天，晚上一直咳嗽睡不着觉，请问医生应该吃什么药？`,
      assistant: '建议多喝温水，注意休息，如果症状没有好转请到医院检查。',
    })),
    { human: '', assistant: 'x' },
  ];
  const { card } = await prepared(records);
  expect(card).toContain('61 records were read, 60 are rows: 45 for training, 15 for testing.');
  expect(card).toMatch(/\| train \| words of questions \| \d+ \| \d+ \| \d+\.\d \| \d+ \| \d+ \|/);
  expect(card).toMatch(/\| English \(eng\) \| \d+\.\d % \| \d+\.\d % \|/);
  expect(card).toMatch(/\| .*Chinese \(cmn\) \| \d+\.\d % \| \d+\.\d % \|/);
  expect(card).toContain('| dropped | empty turn | 1 |');
  expect(card).toMatch(/- 15 of 15 test rows are also in the training rows \(.*nearly the same/);
});
