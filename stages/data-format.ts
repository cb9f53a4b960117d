import { basename, join, relative } from 'node:path';
import { fileProblemText } from '../src/files/file-problem.ts';
import { writeJson } from '../src/files/json.ts';
import { writeJsonLines } from '../src/files/json-lines.ts';
import { writeFileAtomically } from '../src/files/write-atomically.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { dataCard } from './data-format/data-card.ts';
import { chineseFold } from './data-format/fold-chinese.ts';
import {
  countsOf,
  findLeaks,
  leakCounts,
  leakLine,
  leakPlaces,
  leaksText,
  validationLeaks,
} from './data-format/leak-report.ts';
import { shareOf, splitLabels, type SplitParams, splitRows } from './data-format/split-rows.ts';
import type { ColumnNames, RawFormat } from './formats/raw-forms.ts';
import type { Finding } from './formats/raw-rows.ts';
import { type RawData, readRaw } from './formats/read-raw.ts';
import { encodingFault } from './formats/to-utf8.ts';
import type { TurnsRead } from './formats/turns.ts';
import { implies } from './train/implies.ts';

export interface DataFormatParams extends SplitParams {
  readonly format?: RawFormat;
  /** The names of the columns, where they are those of no known form. */
  readonly columns?: ColumnNames;
  /** Of text files without a byte order mark. */
  readonly encoding?: string;
  readonly turns?: TurnsRead;
  readonly onBadRow?: 'skip' | 'refuse';
  /**
   * What to do with test rows that leaked into the training rows: count them, remove them from the test, or
   * fail.
   */
  readonly onLeak?: 'keep' | 'drop' | 'refuse';
  /**
   * The share of the training rows that `train` holds out, and its seed: only to count leaks between them.
   */
  readonly validation?: number;
  readonly splitSeed?: number;
  /** Whether traditional and simplified characters are the same where rows are compared. */
  readonly foldChinese?: boolean;
}

/**
 * Raw files in, rows of `human` and `assistant` out, split into train and test; dropped, unread and leaked
 * rows are reported and kept.
 */
export const stage = defineStage<
  DataFormatParams,
  'raw',
  'train' | 'test' | 'preparation' | 'leaks?' | 'card?'
>({
  params: {
    type: 'object',
    properties: {
      format: { enum: ['rows', 'jsonl', 'aimc', 'huatuo', 'alpaca', 'messages', 'sharegpt'] },
      columns: {
        type: 'object',
        properties: Object.fromEntries(
          ['human', 'assistant', 'slots'].map((name) => [name, { type: 'string', minLength: 1 }]),
        ),
        required: ['human', 'assistant'],
        additionalProperties: false,
      },
      encoding: { type: 'string' },
      turns: { enum: ['first', 'each'] },
      sample: { type: ['integer', 'null'], minimum: 1 },
      testFraction: { type: 'number', minimum: 0, maximum: 1 },
      seed: { type: 'integer' },
      groupBy: { type: 'string', minLength: 1 },
      stratifyBy: { type: 'string', minLength: 1 },
      sourceBy: { type: 'string', minLength: 1 },
      trainShare: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
      onBadRow: { enum: ['skip', 'refuse'] },
      onLeak: { enum: ['keep', 'drop', 'refuse'] },
      foldChinese: { type: 'boolean' },
      validation: { type: 'number', minimum: 0, maximum: 1 },
      splitSeed: { type: 'integer' },
    },
    required: ['testFraction', 'seed'],
    additionalProperties: false,
    allOf: [
      implies({ required: ['columns', 'format'] }, { properties: { format: { enum: ['rows', 'jsonl'] } } }),
      implies(
        { required: ['groupBy'] },
        {
          properties: {
            stratifyBy: {
              not: {},
              description: 'cannot be combined with groupBy: a group can have rows of several strata',
            },
          },
        },
      ),
    ],
  },
  deps: ['raw'],
  outs: ['train', 'test', 'preparation', 'leaks?', 'card?'],
  async run({ params, deps, outs, emit }) {
    const unknown = params.encoding === undefined ? undefined : encodingFault(params.encoding);
    if (unknown !== undefined) return { ok: false, error: unknown };
    const raw = await readRaw(deps.raw, {
      format: 'rows',
      onBadRow: 'skip',
      ...params,
      labels: splitLabels(params),
    });
    if (!raw.ok) return { ok: false, error: raw.error.map(fileProblemText).join('\n') };
    if (raw.value.rows.length === 0) return { ok: false, error: noRowsText(deps.raw, raw.value, params) };
    for (const file of raw.value.files) emit({ kind: 'log', text: fileText(file) });
    for (const text of warningsOf(raw.value)) emit({ kind: 'warning', text });

    const nameOf = (path: string): string => join(basename(deps.raw), relative(deps.raw, path));
    const labels =
      params.sourceBy === 'file'
        ? { ...raw.value.labels, source: fileOfEachRow(raw.value, nameOf) }
        : raw.value.labels;
    const split = splitRows(raw.value.rows, labels, params);
    if (!split.ok) return split;
    const { kept } = split.value;
    const foldedChinese = params.foldChinese ?? false;
    const fold = foldedChinese ? await chineseFold() : undefined;
    if (fold?.ok === false) return fold;
    const leaks = findLeaks(kept, split.value.test, fold?.value);
    const leaked = leaksText(leaks.test, split.value.test.length, 'test', 'are also in the training rows');
    if (leaked !== undefined && params.onLeak === 'refuse')
      return { ok: false, error: `${leaked}:\n${leakPlaces(leaks.test, split.value.test)}` };
    const isDropping = params.onLeak === 'drop';
    const gone = new Set(isDropping ? leaks.test.map(({ row }) => row) : []);
    const test = split.value.test.filter((_, row) => !gone.has(row));
    if (gone.size > 0 && test.length === 0)
      return { ok: false, error: `${leaked}; \`onLeak: drop\` would leave no test rows` };
    if (leaked !== undefined)
      emit({ kind: 'warning', text: isDropping ? `${leaked}: dropped from the test rows` : leaked });
    const train = shareOf(kept, params.trainShare);
    const inValidation = validationLeaks(train, params, fold?.value);
    if (inValidation?.text !== undefined) emit({ kind: 'warning', text: inValidation.text });
    const repeated = leaksText(
      leaks.withinTest,
      split.value.test.length,
      'test',
      'repeat an earlier test row',
    );
    if (repeated !== undefined) emit({ kind: 'warning', text: repeated });
    emit({
      kind: 'log',
      text: `${train.length} training and ${test.length} test rows of ${raw.value.read} records`,
    });

    const preparation = {
      records: raw.value.read,
      train: train.length,
      test: test.length,
      leaks: {
        ...leakCounts(leaks, foldedChinese),
        ...(inValidation === undefined ? {} : { validation_rows_in_train: countsOf(inValidation.leaks) }),
      },
      leaked_rows_dropped: gone.size,
      ...findingsOf(raw.value, nameOf),
    };
    const leakLines = isDropping ? [] : leaks.test.map((leak) => leakLine(leak, train.length));
    for (const written of [
      await writeJsonLines(outs.train, train),
      await writeJsonLines(outs.test, test),
      await writeJson(outs.preparation, preparation),
      ...(outs.leaks === undefined ? [] : [await writeJsonLines(outs.leaks, leakLines)]),
    ]) {
      if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
    }
    if (outs.card === undefined) return;
    const card = await dataCard({
      name: basename(deps.raw),
      raw: raw.value,
      nameOf,
      train,
      test,
      leaks,
      foldedChinese,
      params: { ...params },
    });
    const written = await writeFileAtomically(outs.card, card);
    return written.ok ? undefined : { ok: false, error: fileProblemText(written.error) };
  },
});

/** The rows are in the order of the files. */
const fileOfEachRow = ({ files }: RawData, nameOf: (path: string) => string): readonly string[] =>
  files.flatMap(({ path, rows }) => Array.from({ length: rows }, () => nameOf(path)));

const noRowsText = (path: string, raw: RawData, { format = 'rows' }: DataFormatParams): string =>
  [
    raw.read === 0
      ? `${path}: contains no records`
      : `${path}: none of ${raw.read} records matches the format "${format}"`,
    ...raw.dropped.map(findingText),
    ...raw.notRead.map(notReadText),
  ].join('\n');

const warningsOf = ({ notRead, laterExchanges, dropped, repaired }: RawData): readonly string[] => [
  ...notRead.map((file) => `ignored: ${notReadText(file)}`),
  ...(laterExchanges > 0
    ? [
        `dropped ${laterExchanges} later questions and answers of conversations ` +
          '(`turns: each` keeps them as rows)',
      ]
    : []),
  ...dropped.map((finding) => `dropped ${findingText(finding)}`),
  ...repaired.map((finding) => `repaired ${findingText(finding)}`),
];

const findingText = ({ reason, count, examples: [first] }: Finding): string =>
  `${count} ${count === 1 ? 'record' : 'records'}: ${reason}` +
  (first === undefined ? '' : ` (first: ${first.path}${first.line === undefined ? '' : `:${first.line}`})`);

const fileText = ({ path, encoding, forms, rows }: RawData['files'][number]): string =>
  `${path}: ${rows} rows, read as ${[encoding, ...forms].join('; ')}`;

const notReadText = ({ path, reason }: RawData['notRead'][number]): string => `${path} ${reason}`;

/**
 * The section of preparation.json on records: each file, and each reason with its first places. Paths begin
 * with the name of the raw data.
 */
const findingsOf = (raw: RawData, nameOf: (path: string) => string): Readonly<Record<string, unknown>> => ({
  later_exchanges_left_out: raw.laterExchanges,
  dropped: raw.dropped.map(({ reason, count, examples }) => ({
    reason,
    count,
    examples: examples.map(({ path, line, message }) => ({ file: nameOf(path), line, message })),
  })),
  repaired: raw.repaired.map(({ reason, count }) => ({ reason, count })),
  files: raw.files.map(({ path, encoding, forms, rows }) => ({
    file: nameOf(path),
    read_as: encoding,
    forms,
    rows,
  })),
  not_read: raw.notRead.map(({ path, reason }) => ({
    file: nameOf(path),
    reason: reason.replaceAll(path, nameOf(path)),
  })),
});
