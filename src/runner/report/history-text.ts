import type { RunRecord } from '../answers.ts';
import { durationText } from '../wording/duration-text.ts';
import { table } from '../wording/table.ts';
import { countsText } from './counts-text.ts';

/** Runs as a table. */
export function historyText(runs: readonly RunRecord[], width: number): string {
  const rows = runs.map(({ run, pipeline, startedAt, finishedAt, state, counts }) => [
    run,
    pipeline,
    new Date(startedAt).toISOString().replace('T', ' ').slice(0, 19),
    finishedAt === undefined ? '' : durationText((finishedAt - startedAt) / 1000),
    state,
    countsText(counts),
  ]);
  const heading = ['run', 'pipeline', 'started (UTC)', 'time', 'state', 'instances'];
  return `${table([heading, ...rows], width).join('\n')}\n`;
}
