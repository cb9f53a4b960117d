import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTokenizer } from '../../src/ml/text/make-tokenizer.ts';
import { padBatch } from '../../src/ml/text/pad-batch.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { noFiles } from '../text/no-files.ts';
import { noteMeasured } from './within.ts';

const oracles = process.env['ORACLES'] ?? '../shared/oracles';
const folder = join(oracles, 'wordpiece');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
/** Lines end at "\n" alone: texts hold other line ends. */
const rowsOf = <T>(name: string): readonly T[] =>
  read(name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

interface Setting {
  readonly vocabulary: string;
  readonly do_lower_case: boolean;
  readonly strip_accents: boolean | null;
  readonly tokenize_chinese_chars: boolean;
  readonly batch: {
    readonly strings: readonly number[];
    readonly max_length: number;
    readonly input_ids: readonly (readonly number[])[];
    readonly attention_mask: readonly (readonly number[])[];
  };
}
interface Row {
  readonly string?: number;
  readonly text?: string;
  readonly ids: readonly number[];
  readonly tokens?: readonly string[];
  readonly untruncated?: number;
}

const settings: Readonly<Record<string, Setting>> = existsSync(join(folder, 'info.json'))
  ? JSON.parse(read('info.json')).settings
  : {};

describe.skipIf(Object.keys(settings).length === 0)(
  `wordpiece${Object.keys(settings).length === 0 ? `: no settings in ${folder}` : ''}`,
  () => {
    const stringsFile = '../sentencepiece/strings.jsonl';
    const strings = existsSync(join(folder, stringsFile)) ? rowsOf<string>(stringsFile) : [];

    const absent = (name: string, { vocabulary }: Setting): string | undefined =>
      [vocabulary, `${name}.table.jsonl`].find((file) => !existsSync(join(folder, file)));
    const found = Object.entries(settings).filter(([name, setting]) => absent(name, setting) === undefined);
    for (const [name, setting] of Object.entries(settings))
      if (absent(name, setting) !== undefined) test.skip(`${name}: no ${absent(name, setting)}`);

    describe.each(found)(
      '%s',
      (name, { vocabulary, batch, do_lower_case, strip_accents, tokenize_chinese_chars }) => {
        const bytes = readFileSync(join(folder, vocabulary));
        const pieces = bytes.toString().split('\n');
        const tokenizer = valueOf(
          makeTokenizer(
            {
              ...noFiles,
              vocabulary: bytes,
              config: {
                tokenizer_class: 'BertTokenizer',
                do_lower_case,
                strip_accents,
                tokenize_chinese_chars,
              },
            },
            'sentencepiece',
          ),
        );
        const rows = rowsOf<Row>(`${name}.table.jsonl`).flatMap(
          ({ string, text = strings[string ?? -1], ...row }) =>
            text === undefined ? [] : [{ ...row, text }],
        );
        const none = { different: 0, first: [] };
        /** Rows that differ: how many, and the first ones. */
        const different = (of: (row: (typeof rows)[number]) => readonly [got: unknown, wanted: unknown]) => {
          const compared = rows
            .map((row) => ({ text: row.text, pair: of(row) }))
            .filter(({ pair: [, wanted] }) => wanted !== undefined);
          const unequal = compared.filter(
            ({ pair: [got, wanted] }) => JSON.stringify(got) !== JSON.stringify(wanted),
          );
          noteMeasured({ compared: compared.length, difference: unequal.length, allowed: 0 });
          return { different: unequal.length, first: unequal.slice(0, 3) };
        };

        test('ids of every string, cut at 512', () => {
          expect(rows.length).toBeGreaterThan(0);
          expect(different(({ text, ids }) => [tokenizer.encode(text, { maxLength: 512 }), ids])).toEqual(
            none,
          );
        });

        test('tokens, and their number before truncation', () => {
          expect(
            different(({ text, tokens }) => [
              tokenizer.encode(text, { addSpecialTokens: false }).map((id) => pieces[id]),
              tokens,
            ]),
          ).toEqual(none);
          expect(different(({ text, untruncated }) => [tokenizer.encode(text).length, untruncated])).toEqual(
            none,
          );
        });

        test.skipIf(strings.length === 0)('a batch, truncated and padded', () => {
          const padded = padBatch(
            batch.strings.map((string) =>
              tokenizer.encode(strings[string] ?? '', { maxLength: batch.max_length }),
            ),
            tokenizer.special.pad,
          );
          expect([padded.ids, padded.mask]).toEqual([batch.input_ids, batch.attention_mask]);
        });
      },
    );
  },
);
