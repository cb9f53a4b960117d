import { basename, join, relative } from 'node:path';
import { fileProblemText } from '../src/files/file-problem.ts';
import { writeJson } from '../src/files/json.ts';
import { writeJsonLines } from '../src/files/json-lines.ts';
import { elementsAt } from '../src/ml/dataset/elements-at.ts';
import { findLeakage } from '../src/ml/dataset/leakage.ts';
import type { Row } from '../src/ml/dataset/row.ts';
import { holdOut, testSplit } from '../src/ml/dataset/split.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { implies } from './train/implies.ts';
import type { ColumnNames, RawFormat } from './formats/raw-forms.ts';
import type { Finding } from './formats/raw-rows.ts';
import { type RawData, readRaw } from './formats/read-raw.ts';
import { encodingFault } from './formats/to-utf8.ts';
import type { TurnsRead } from './formats/turns.ts';

interface DataFormatParams {
  readonly format?: RawFormat;
  /** The names of the columns, where they are those of no known form. */
  readonly columns?: ColumnNames;
  /** Of text files without a byte order mark. */
  readonly encoding?: string;
  readonly turns?: TurnsRead;
  /** Rows taken at random before the split; null: all. */
  readonly sample?: number | null;
  readonly testFraction: number;
  readonly seed: number;
  readonly onBadRow?: 'skip' | 'refuse';
}

/** Raw files in, rows of `human` and `assistant` out, split into train and test; what was dropped or not read is reported and kept. */
export const stage = defineStage<DataFormatParams, 'raw', 'train' | 'test' | 'preparation'>({
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
      onBadRow: { enum: ['skip', 'refuse'] },
    },
    required: ['testFraction', 'seed'],
    additionalProperties: false,
    allOf: [
      implies(
        { required: ['columns', 'format'] },
        {
          properties: {
            format: { enum: ['rows', 'jsonl'], description: 'has names of its own for its columns' },
          },
        },
      ),
    ],
  },
  deps: ['raw'],
  outs: ['train', 'test', 'preparation'],
  async run({ params, deps, outs, emit }) {
    const unknown = params.encoding === undefined ? undefined : encodingFault(params.encoding);
    if (unknown !== undefined) return { ok: false, error: unknown };
    const raw = await readRaw(deps.raw, { format: 'rows', onBadRow: 'skip', ...params });
    if (!raw.ok) return { ok: false, error: raw.error.map(fileProblemText).join('\n') };
    if (raw.value.rows.length === 0)
      return {
        ok: false,
        error: [
          `${deps.raw}: none of ${raw.value.read} records is a row of the format "${params.format ?? 'rows'}"`,
          ...raw.value.dropped.map(findingText),
          ...raw.value.notRead.map(notReadText),
        ].join('\n'),
      };
    for (const file of raw.value.files) emit({ kind: 'log', text: fileText(file) });
    for (const file of raw.value.notRead) emit({ kind: 'warning', text: `not read: ${notReadText(file)}` });
    if (raw.value.laterExchanges > 0)
      emit({
        kind: 'warning',
        text: `left out ${raw.value.laterExchanges} questions and answers after the first of their conversations (turns: each makes rows of them)`,
      });
    for (const finding of raw.value.dropped)
      emit({ kind: 'warning', text: `dropped ${findingText(finding)}` });
    for (const finding of raw.value.repaired)
      emit({ kind: 'warning', text: `repaired ${findingText(finding)}` });

    const rows = sampled(raw.value.rows, params);
    const { heldOut, kept } = testSplit(rows.length, params.testFraction, params.seed);
    const [test, train] = [elementsAt(rows, heldOut), elementsAt(rows, kept)];
    const { exact, near } = findLeakage(train.map(textOf), test.map(textOf));
    if (exact.length + near.length > 0)
      emit({
        kind: 'warning',
        text: `of ${test.length} test rows, ${exact.length} also stand among the training rows, and ${near.length} almost`,
      });
    emit({
      kind: 'log',
      text: `${train.length} training and ${test.length} test rows of ${raw.value.read} records`,
    });

    const preparation = preparationOf(raw.value, deps.raw, {
      train: train.length,
      test: test.length,
      leaked_exactly: exact.length,
      leaked_nearly: near.length,
    });
    for (const written of [
      await writeJsonLines(outs.train, train),
      await writeJsonLines(outs.test, test),
      await writeJson(outs.preparation, preparation),
    ]) {
      if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
    }
  },
});

/** A sample in the order of the rows, drawn by the seed. */
function sampled(rows: readonly Row[], { sample, seed }: DataFormatParams): readonly Row[] {
  if (sample === undefined || sample === null || sample >= rows.length) return rows;
  return elementsAt(
    rows,
    [...holdOut(rows.length, sample, seed).heldOut].sort((a, b) => a - b),
  );
}

/** Question and answer together: questions alone are often alike. */
const textOf = ({ human, assistant }: Row): string => `${human}\n${assistant}`;

const findingText = ({ reason, count, examples: [first] }: Finding): string =>
  `${count} × ${reason}${first === undefined ? '' : ` (first: ${fileProblemText(first)})`}`;

const fileText = ({ path, encoding, forms, rows }: RawData['files'][number]): string =>
  `${path}: ${rows} rows, read as ${[encoding, ...forms].join('; ')}`;

const notReadText = ({ path, reason }: RawData['notRead'][number]): string => `${path} ${reason}`;

/** preparation.json: the counts, each file, and each reason with its first places. Paths begin with the name of the raw data. */
function preparationOf(raw: RawData, root: string, counts: Readonly<Record<string, number>>): unknown {
  const nameOf = (path: string): string => join(basename(root), relative(root, path));
  return {
    records: raw.read,
    ...counts,
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
  };
}
