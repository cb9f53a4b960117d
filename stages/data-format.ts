import { fileProblemText } from '../src/files/file-problem.ts';
import { writeJson } from '../src/files/json.ts';
import { writeJsonLines } from '../src/files/json-lines.ts';
import { elementsAt } from '../src/ml/dataset/elements-at.ts';
import { findLeakage } from '../src/ml/dataset/leakage.ts';
import type { Row } from '../src/ml/dataset/row.ts';
import { holdOut, testSplit } from '../src/ml/dataset/split.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import type { Finding, RawFormat, RawRows } from './formats/raw-rows.ts';
import { readRaw } from './formats/read-raw.ts';

interface DataFormatParams {
  readonly format: RawFormat;
  /** Rows taken at random before the split; null: all. */
  readonly sample?: number | null;
  readonly testFraction: number;
  readonly seed: number;
  readonly onBadRow?: 'skip' | 'refuse';
}

/** Raw files in, rows of `human` and `assistant` out, split into train and test; what was dropped and why is told and kept. */
export const stage = defineStage<DataFormatParams, 'raw', 'train' | 'test' | 'preparation'>({
  params: {
    type: 'object',
    properties: {
      format: { enum: ['aimc', 'huatuo', 'jsonl'] },
      sample: { type: ['integer', 'null'], minimum: 1 },
      testFraction: { type: 'number', minimum: 0, maximum: 1 },
      seed: { type: 'integer' },
      onBadRow: { enum: ['skip', 'refuse'] },
    },
    required: ['format', 'testFraction', 'seed'],
    additionalProperties: false,
  },
  deps: ['raw'],
  outs: ['train', 'test', 'preparation'],
  async run({ params, deps, outs, emit }) {
    const raw = await readRaw(deps.raw, params.format, { onBadRow: params.onBadRow ?? 'skip' });
    if (!raw.ok) return { ok: false, error: raw.error.map(fileProblemText).join('\n') };
    if (raw.value.rows.length === 0)
      return {
        ok: false,
        error: `${deps.raw}: none of ${raw.value.read} records is a row of the format "${params.format}"\n${raw.value.dropped.map(findingText).join('\n')}`,
      };
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

    const preparation = preparationOf(raw.value, {
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

/** preparation.json: the counts, and each reason with its first places. Paths are those of the raw data, from the project root. */
const preparationOf = (
  { read, dropped, repaired }: RawRows,
  counts: Readonly<Record<string, number>>,
): unknown => ({
  records: read,
  ...counts,
  dropped: dropped.map(({ reason, count, examples }) => ({
    reason,
    count,
    examples: examples.map(({ line, message }) => ({ line, message })),
  })),
  repaired: repaired.map(({ reason, count }) => ({ reason, count })),
});
