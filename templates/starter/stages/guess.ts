import { fileProblemText } from 'medical-qa-pipeline/files/file-problem';
import { writeJson } from 'medical-qa-pipeline/files/json';
import { writeJsonLines } from 'medical-qa-pipeline/files/json-lines';
import { readRows } from 'medical-qa-pipeline/ml/dataset/read-rows';
import type { Row } from 'medical-qa-pipeline/ml/dataset/row';
import { testSplit } from 'medical-qa-pipeline/ml/dataset/split';
import { isExactMatch } from 'medical-qa-pipeline/ml/metrics/exact-match';
import { mean } from 'medical-qa-pipeline/ml/metrics/mean';
import { wordSetScore } from 'medical-qa-pipeline/ml/metrics/token-f1';
import { defineStage } from 'medical-qa-pipeline/stage';

interface GuessParams {
  /** How many training questions are asked. */
  readonly neighbours: number;
  readonly testFraction: number;
  readonly seed: number;
}

/** Splits the rows, guesses the answers of the test rows and scores them. */
export const stage = defineStage<GuessParams, 'rows', 'metrics' | 'predictions'>({
  params: {
    type: 'object',
    properties: {
      neighbours: { type: 'integer', minimum: 1 },
      testFraction: { type: 'number', minimum: 0, maximum: 1 },
      seed: { type: 'integer' },
    },
    required: ['neighbours', 'testFraction', 'seed'],
    additionalProperties: false,
  },
  deps: ['rows'],
  outs: ['metrics', 'predictions'],
  async run({ params, deps, outs, emit }) {
    const rows = await readRows(deps.rows);
    if (!rows.ok) return { ok: false, error: fileProblemText(rows.error) };
    const { heldOut, kept } = testSplit(rows.value.length, params.testFraction, params.seed);
    const [test, train] = [rowsAt(rows.value, heldOut), rowsAt(rows.value, kept)];

    const predictions = test.map(({ human, assistant }, index) => {
      emit({ kind: 'progress', done: index + 1, total: test.length, unit: 'question' });
      return { question: human, prediction: guess(human, train, params.neighbours), reference: assistant };
    });
    const accuracy = mean(
      predictions.map(({ prediction, reference }) => (isExactMatch(reference, prediction) ? 1 : 0)),
    );

    for (const written of [
      await writeJson(outs.metrics, { accuracy, questions: test.length }),
      await writeJsonLines(outs.predictions, predictions),
    ]) {
      if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
    }
  },
});

/** The answer that most of the nearest questions have; of equally many, that of the nearest. */
function guess(question: string, train: readonly Row[], neighbours: number): string {
  const nearest = train
    .map(({ human, assistant }) => ({ assistant, similarity: wordSetScore(human, question).fmeasure }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, neighbours);
  const votes = new Map<string, number>();
  for (const { assistant } of nearest) votes.set(assistant, (votes.get(assistant) ?? 0) + 1);
  const [first] = [...votes].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? '';
}

const rowsAt = (rows: readonly Row[], indices: readonly number[]): readonly Row[] =>
  indices.map((index) => rows[index]).filter((row) => row !== undefined);
