import { stat } from 'node:fs/promises';
import { digestOf } from '../../../files/digest.ts';
import { type FileProblem, fileProblem } from '../../../files/file-problem.ts';
import { isJsonObject } from '../../../files/json.ts';
import { readJsonLines } from '../../../files/json-lines.ts';
import type { Profile } from '../../../ml/metrics/metric-table.ts';
import { readScoredRows } from '../../../ml/metrics/scored-rows.ts';
import type { Result } from '../../../result.ts';
import type { EvaluatedRow, Evaluation } from '../../../pages/results/evaluation.ts';

/** A cache of parsed files, by file, size and time: pages request the same files again and again. */
export type KnownEvaluations = Map<string, { readonly bytes: number; readonly evaluation: Evaluation }>;

/** The most bytes of files to keep; the least recently used are evicted first. */
const mostBytes = 256 * 1024 * 1024;

/** The rows of a predictions file. */
export async function readEvaluation(
  path: string,
  known: KnownEvaluations,
  profile: Profile = 'multilingual',
): Promise<Result<Evaluation, FileProblem>> {
  let stamp: string;
  let bytes: number;
  try {
    const { size, mtimeMs, ino } = await stat(path);
    [stamp, bytes] = [`${profile} ${path} ${size} ${mtimeMs} ${ino}`, size];
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
  const kept = known.get(stamp);
  if (kept !== undefined) {
    known.delete(stamp);
    known.set(stamp, kept);
    return { ok: true, value: kept.evaluation };
  }
  const read = await readRows(path, profile);
  if (!read.ok) return read;
  known.set(stamp, { bytes, evaluation: read.value });
  for (const [oldest, { bytes: size }] of known) {
    const all = [...known.values()].reduce((sum, each) => sum + each.bytes, 0);
    if (all <= mostBytes || known.size === 1) break;
    if (size >= 0) known.delete(oldest);
  }
  return read;
}

async function readRows(path: string, profile: Profile): Promise<Result<Evaluation, FileProblem>> {
  const scored = await readScoredRows(path, profile);
  if (!scored.ok) return scored;
  const rows: EvaluatedRow[] = [];
  for await (const line of readJsonLines(path)) {
    if (!line.ok) return line;
    const { value } = line.value;
    const found = scored.value.rows[rows.length];
    if (!isJsonObject(value) || found === undefined) continue;
    const { question, prediction, reference, slots } = value;
    const named = isJsonObject(slots) ? Object.entries(slots) : [];
    rows.push({
      question: String(question),
      reference: String(reference),
      prediction: String(prediction),
      scores: found.scores,
      slots: Object.fromEntries(named.map(([slot, outcome]) => [slot, String(outcome)])),
      identity: found.identity,
    });
  }
  return {
    ok: true,
    value: { rows, set: digestOf(rows.map(({ identity }) => identity).join('\n')).slice(0, 12) },
  };
}
