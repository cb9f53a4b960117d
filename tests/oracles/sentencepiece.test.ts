import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTokenizer, type Tokenization } from '../../src/ml/text/make-tokenizer.ts';
import { padBatch } from '../../src/ml/text/pad-batch.ts';
import {
  decodeIds,
  encodeIds,
  encodePieces,
  normalizeText,
  readSentencePiece,
  type SentencePiece,
} from '../../src/ml/text/sentencepiece/sentencepiece.ts';
import { decodeUtf8 } from '../../src/ml/text/sentencepiece/utf8.ts';
import type { Tokenizer } from '../../src/ml/text/tokenizer.ts';
import { messageOf, valueOf } from '../checkpoint/value-of.ts';
import { fuzzTokenizer } from '../text/fuzz.ts';
import { noFiles } from '../text/no-files.ts';
import { noteMeasured } from './within.ts';

const folder = join(process.env['ORACLES'] ?? '../shared/oracles', 'sentencepiece');
const files = existsSync(folder) ? readdirSync(folder).sort() : [];
const models = files.flatMap((name) => (name.endsWith('.model') ? [name.slice(0, -'.model'.length)] : []));
const has = (name: string): boolean => files.includes(name);
const content = (name: string): Buffer => readFileSync(join(folder, name));
/** Lines end at "\n" alone: texts hold other line ends. */
const rowsOf = <T>(name: string): readonly T[] =>
  content(name)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
/** How many damaged models are tried, of all models together. */
const rounds = Number(process.env['FUZZ'] ?? 20_000);

interface Row {
  readonly string: number;
  readonly ids: readonly number[];
  readonly pieces?: readonly string[];
  readonly normalized?: string;
  readonly decoded?: string;
}
interface DecodeRow {
  readonly ids: readonly number[];
  readonly decoded: string;
}
interface TransformersRow {
  readonly string: number;
  readonly fast: readonly number[];
  readonly slow?: readonly number[];
  readonly fast_decoded: string;
  readonly fast_decoded_all: string;
  readonly slow_decoded: string;
}
interface TransformersDecodeRow {
  readonly ids: readonly number[];
  readonly fast: string;
  readonly fast_all: string;
  readonly fast_cleaned: string;
}
interface BatchRow {
  readonly options: {
    readonly padding?: boolean | string;
    readonly truncation?: boolean;
    readonly max_length?: number;
    readonly pad_to_multiple_of?: number;
    readonly add_special_tokens?: boolean;
  };
  readonly strings: readonly number[];
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask: readonly (readonly number[])[];
  readonly decoded: readonly string[];
}

describe.skipIf(models.length === 0)(
  `sentencepiece${models.length === 0 ? `: no models in ${folder}` : ''}`,
  () => {
    const strings = has('strings.jsonl') ? rowsOf<string>('strings.jsonl') : [];
    const stringOf = ({ string }: { readonly string: number }): string => strings[string] ?? '';

    describe.each(models.filter((name) => has(`${name}.table.jsonl`)))(
      '%s',
      { skip: strings.length === 0 },
      (name) => {
        const model = valueOf(readSentencePiece(content(`${name}.model`)));
        const rows = rowsOf<Row>(`${name}.table.jsonl`);

        test('ids of every string', () => {
          expectEqual(
            rows,
            stringOf,
            (row) => encodeIds(model, stringOf(row)),
            ({ ids }) => ids,
          );
        });

        test('pieces of every string', () => {
          expectEqual(
            rows,
            stringOf,
            (row) => encodePieces(model, stringOf(row)).map(({ text }) => text),
            (row) => piecesOf(model, row),
          );
        });

        test('normalised text of every string', () => {
          expectEqual(
            rows,
            stringOf,
            (row) => normalizeText(model, stringOf(row)),
            (row) => normalizedOf(model, row),
          );
        });

        test('decoded text of the ids of every string', () => {
          expectEqual(
            rows,
            stringOf,
            ({ ids }) => decodeIds(model, ids),
            (row) => row.decoded ?? normalizedOf(model, row).replaceAll('\u2581', ' ').slice(1),
          );
        });

        test.skipIf(!has(`${name}.decode.jsonl`))('decoded text of ids in any order', () => {
          expectEqual(
            rowsOf<DecodeRow>(`${name}.decode.jsonl`),
            ({ ids }) => ids,
            ({ ids }) => decodeIds(model, ids),
            ({ decoded }) => decoded,
          );
        });
      },
    );

    const info: unknown = has('info.json') ? JSON.parse(content('info.json').toString()) : {};
    test.each(models.filter((name) => !has(`${name}.table.jsonl`)))(
      '%s has no reference values: it is a readable unigram model, or refused by its type',
      (name) => {
        const read = readSentencePiece(content(`${name}.model`));
        if (has('info.json')) expect(read.ok).toBe(isUnigram(info, name));
        if (!read.ok) expect(messageOf(read)).toMatch(/is of type (bpe|word|char): expected a unigram one/);
      },
    );

    describe.each(models.filter((name) => has(`${name}.transformers.jsonl`)))(
      '%s in a folder of transformers',
      { skip: strings.length === 0 },
      (name) => {
        const config = {
          tokenizer_class: 'T5Tokenizer',
          eos_token: '</s>',
          unk_token: '<unk>',
          pad_token: '<pad>',
          additional_special_tokens: null,
          extra_ids: extraIdsOf(info, name),
        };
        const open = (tokenization: Tokenization): Tokenizer =>
          valueOf(makeTokenizer({ ...noFiles, model: content(`${name}.model`), config }, tokenization));
        const rows = rowsOf<TransformersRow>(`${name}.transformers.jsonl`);

        test('T5Tokenizer: ids and decoded text of every string', () => {
          const slow = open('sentencepiece');
          expectEqual(
            rows,
            stringOf,
            (row) => slow.encode(stringOf(row)),
            (row) => row.slow ?? row.fast,
          );
          expectEqual(
            rows,
            stringOf,
            (row) => slow.decode(row.slow ?? row.fast, { skipSpecialTokens: true }),
            (row) => row.slow_decoded,
          );
        });

        const fastSources: readonly (readonly [string, () => Tokenizer])[] = [
          ['the model', () => open('transformers')],
          ...(has(`${name}.tokenizer.json`)
            ? [
                [
                  'tokenizer.json',
                  () =>
                    valueOf(
                      makeTokenizer(
                        {
                          ...noFiles,
                          tokenizer: JSON.parse(content(`${name}.tokenizer.json`).toString()),
                          config,
                        },
                        'transformers',
                      ),
                    ),
                ] as const,
              ]
            : []),
        ];
        describe.each(fastSources)('T5TokenizerFast from %s', (_, openFast) => {
          test('ids and decoded text of every string', () => {
            const fast = openFast();
            expectEqual(
              rows,
              stringOf,
              (row) => fast.encode(stringOf(row)),
              (row) => row.fast,
            );
            expectEqual(
              rows,
              stringOf,
              (row) => [fast.decode(row.fast, { skipSpecialTokens: true }), fast.decode(row.fast)],
              (row) => [row.fast_decoded, row.fast_decoded_all],
            );
          });

          test.skipIf(!has(`${name}.transformers-decode.jsonl`))(
            'decoded text of ids in any order, with and without special tokens, cleaned up',
            () => {
              const fast = openFast();
              const texts = ({ ids }: TransformersDecodeRow) => [
                fast.decode(ids, { skipSpecialTokens: true }),
                fast.decode(ids),
                fast.decode(ids, { skipSpecialTokens: true, cleanUp: true }),
              ];
              expectEqual(
                rowsOf<TransformersDecodeRow>(`${name}.transformers-decode.jsonl`),
                ({ ids }) => ids,
                texts,
                (row) => [row.fast, row.fast_all, row.fast_cleaned],
              );
            },
          );

          test.skipIf(!has(`${name}.batches.jsonl`))('batches: truncated, padded, to multiples', () => {
            const fast = openFast();
            expectEqual(
              rowsOf<BatchRow>(`${name}.batches.jsonl`),
              ({ options }) => options,
              ({ options, strings: chosen }) => {
                const ids = chosen.map((string) =>
                  fast.encode(stringOf({ string }), {
                    maxLength: options.truncation === true ? (options.max_length ?? Infinity) : Infinity,
                    addSpecialTokens: options.add_special_tokens ?? true,
                  }),
                );
                const pads = options.padding !== undefined && options.padding !== false;
                const batch = pads
                  ? padBatch(ids, fast.special.pad, {
                      length: options.padding === 'max_length' ? (options.max_length ?? 0) : 0,
                      multipleOf: options.pad_to_multiple_of ?? 1,
                    })
                  : { ids, mask: ids.map((row) => row.map(() => 1)) };
                return [
                  batch.ids,
                  batch.mask,
                  batch.ids.map((row) => fast.decode(row, { skipSpecialTokens: true })),
                ];
              },
              (row) => [row.input_ids, row.attention_mask, row.decoded],
            );
          });
        });
      },
    );

    test(`${rounds} damaged models are refused or harmless`, { timeout: 3_600_000 }, () => {
      // The smaller ones: what is read is the same, in less time.
      const small = models.filter((name) => content(`${name}.model`).length < 50_000);
      for (const [n, name] of small.entries()) {
        const kinds = ['sentencepiece', 'transformers'] as const;
        const each = Math.ceil(rounds / small.length / kinds.length);
        for (const tokenization of kinds) {
          const { accepted, refused } = fuzzTokenizer(
            { ...noFiles, model: content(`${name}.model`), config: { extra_ids: 10 } },
            'model',
            tokenization,
            each,
            n,
          );
          expect(accepted + refused).toBe(each);
        }
      }
    });
  },
);

/** Compares row by row; of rows that differ, how many and the first ones are shown. */
function expectEqual<T>(
  rows: readonly T[],
  shown: (row: T) => unknown,
  ours: (row: T) => unknown,
  theirs: (row: T) => unknown,
): void {
  expect(rows.length).toBeGreaterThan(0);
  const different = rows.flatMap((row) => {
    const [got, wanted] = [ours(row), theirs(row)];
    return JSON.stringify(got) === JSON.stringify(wanted) ? [] : [{ of: shown(row), got, wanted }];
  });
  noteMeasured({ compared: rows.length, difference: different.length, allowed: 0 });
  expect({ different: different.length, first: different.slice(0, 3) }).toEqual({ different: 0, first: [] });
}

/** What the README's rules give back where a table leaves it out. */
const piecesOf = ({ vocabulary }: SentencePiece, { ids, pieces }: Row): readonly string[] =>
  pieces ?? ids.map((id) => vocabulary.pieces[id] ?? '');

function normalizedOf(model: SentencePiece, row: Row): string {
  if (row.normalized !== undefined) return row.normalized;
  const bytes = piecesOf(model, row).map((piece, index) =>
    model.vocabulary.types[row.ids[index] ?? -1] === 'byte'
      ? Buffer.of(Number.parseInt(piece.slice(1), 16))
      : Buffer.from(piece),
  );
  return decodeUtf8(Buffer.concat(bytes));
}

/** `info.json` lists the unigram models alone. */
const isUnigram = (info: unknown, name: string): boolean =>
  info instanceof Object && 'models' in info && Object.hasOwn(info.models ?? {}, name);

function extraIdsOf(info: unknown, name: string): number {
  const transformers: unknown =
    info instanceof Object && 'transformers' in info ? info.transformers : undefined;
  const found = Object.entries(transformers ?? {}).find(([model]) => model === name)?.[1];
  return found instanceof Object && 'extra_ids' in found && typeof found.extra_ids === 'number'
    ? found.extra_ids
    : 100;
}
