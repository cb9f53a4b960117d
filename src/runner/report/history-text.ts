import type { ChangedParam, CommitState, RunRecord, RunResults, RunScore } from '../answers/runs.ts';
import { durationText } from '../wording/duration-text.ts';
import { joinFirst } from '../wording/join-first.ts';
import { table } from '../wording/table.ts';
import { countsText } from './counts-text.ts';
import { metricText } from './metrics/metric-text.ts';

/** Runs as a table. `results`: what came of them, by run. */
export function historyText(
  runs: readonly RunRecord[],
  results: ReadonlyMap<string, RunResults>,
  width: number,
): string {
  if (runs.length === 0) return 'no runs yet\n';
  const rows = runs.map(({ run, pipeline, startedAt, finishedAt, state, counts, startedFrom }) => [
    run,
    pipeline,
    new Date(startedAt).toISOString().replace('T', ' ').slice(0, 19),
    finishedAt === undefined ? '' : durationText((finishedAt - startedAt) / 1000),
    state,
    commitText(startedFrom?.commit),
    countsText(counts),
    scoresText(results.get(run)?.scores ?? []),
    paramsText(results.get(run)?.params ?? []),
  ]);
  const heading = [
    'run',
    'pipeline',
    'started (UTC)',
    'time',
    'state',
    'commit',
    'instances',
    'scores',
    'changed params',
  ];
  return `${table(withoutEmpty([heading, ...rows]), width).join('\n')}\n`;
}

/** Columns that no run has anything in are left out. */
function withoutEmpty(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const [heading = [], ...runs] = rows;
  const kept = heading.map((_, column) => runs.length === 0 || runs.some((row) => row[column] !== ''));
  return rows.map((row) => row.filter((_, column) => kept[column] === true));
}

/** "rougeL 0.3121 eval[aimc,lora], 0.2914 eval[aimc,full]". */
function scoresText(scores: readonly RunScore[]): string {
  const texts = scores.map(
    ({ instance, metric, value }, index) =>
      `${metric === scores[index - 1]?.metric ? '' : `${metric} `}${metricText(value)} ${instance}`,
  );
  return joinFirst(texts, mostShown);
}

/** "learningRate 0.001 -> 0.003 (4 instances)": a change shared by several instances is listed once. */
function paramsText(params: readonly ChangedParam[]): string {
  const counts = new Map<string, number>();
  for (const { param, before, after } of params) {
    const text = `${param} ${valueText(before)} -> ${valueText(after)}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const texts = [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} instances)`));
  return joinFirst(texts, mostShown);
}

const mostShown = 3;

const valueText = (value: ChangedParam['before']): string =>
  value === undefined ? 'none' : JSON.stringify(value);

/** "3f9a1c2 main", and with a "+" where files differed from the commit; empty: not known. */
export const commitText = (commit: CommitState | undefined): string =>
  commit === undefined
    ? ''
    : commit.commit.slice(0, 7) +
      (commit.isDirty ? '+' : '') +
      (commit.branch === undefined ? '' : ` ${commit.branch}`);
