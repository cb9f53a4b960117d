import { digestOf } from '../../src/files/digest.ts';
import { fileProblemText } from '../../src/files/file-problem.ts';
import { isJsonObject } from '../../src/files/json.ts';
import { readJsonLines } from '../../src/files/json-lines.ts';
import { countedScores, textsOf } from '../../src/ml/metrics/counted-scores.ts';
import type { Result } from '../../src/result.ts';
import type { Gathered } from '../../src/stage/context.ts';
import type { EvaluationsByProfile } from '../../src/pages/report/report-rows.ts';
import type { EvaluatedRow, NamedEvaluation } from '../../src/pages/results/evaluation.ts';
import { byInstance, nameOf } from './model-name.ts';

/** The answers of each model with the scores of either profile, as its evaluation counted them. */
export async function readAnswers(members: readonly Gathered[]): Promise<Result<EvaluationsByProfile>> {
  const multilingual: NamedEvaluation[] = [];
  const reference: NamedEvaluation[] = [];
  for (const { axes, path } of members) {
    const rows = await readRows(path);
    if (!rows.ok) return rows;
    const set = digestOf(rows.value.map(({ identity }) => identity).join('\n')).slice(0, 12);
    const instance = nameOf('model', axes);
    const named = (profile: 'multilingual' | 'reference'): NamedEvaluation => ({
      instance,
      isCurrent: true,
      evaluation: {
        set,
        rows: rows.value.map(({ scored, ...row }) => ({ ...row, scores: scored[profile] })),
      },
    });
    multilingual.push(named('multilingual'));
    reference.push(named('reference'));
  }
  return { ok: true, value: { multilingual: byInstance(multilingual), reference: byInstance(reference) } };
}

interface AnswerRow extends Omit<EvaluatedRow, 'scores'> {
  readonly scored: Readonly<Record<'multilingual' | 'reference', EvaluatedRow['scores']>>;
}

async function readRows(path: string): Promise<Result<readonly AnswerRow[]>> {
  const rows: AnswerRow[] = [];
  for await (const line of readJsonLines(path)) {
    if (!line.ok) return { ok: false, error: fileProblemText(line.error) };
    const { value, line: number } = line.value;
    const texts = textsOf(value);
    const [multilingual, reference] = [
      countedScores(value, 'multilingual'),
      countedScores(value, 'reference'),
    ];
    if (texts === undefined || multilingual === undefined || reference === undefined) {
      const message = 'expected the texts question, prediction and reference, and scores of both profiles';
      return { ok: false, error: fileProblemText({ path, line: number, message }) };
    }
    const slots = isJsonObject(value) && isJsonObject(value['slots']) ? value['slots'] : {};
    rows.push({
      ...texts,
      identity: JSON.stringify([texts.question, texts.reference]),
      slots: Object.fromEntries(Object.entries(slots).map(([slot, outcome]) => [slot, String(outcome)])),
      scored: { multilingual, reference },
    });
  }
  return { ok: true, value: rows };
}
