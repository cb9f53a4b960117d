import type { CommitState, RunRecord } from '../answers.ts';
import { durationText } from '../wording/duration-text.ts';
import { table } from '../wording/table.ts';
import { countsText } from './counts-text.ts';

/** Runs as a table. */
export function historyText(runs: readonly RunRecord[], width: number): string {
  const rows = runs.map(({ run, pipeline, startedAt, finishedAt, state, counts, startedFrom }) => [
    run,
    pipeline,
    new Date(startedAt).toISOString().replace('T', ' ').slice(0, 19),
    finishedAt === undefined ? '' : durationText((finishedAt - startedAt) / 1000),
    state,
    commitText(startedFrom?.commit),
    countsText(counts),
  ]);
  const heading = ['run', 'pipeline', 'started (UTC)', 'time', 'state', 'commit', 'instances'];
  return `${table([heading, ...rows], width).join('\n')}\n`;
}

/** "3f9a1c2 main", and with a "+" where files differed from the commit; empty: not known. */
export const commitText = (commit: CommitState | undefined): string =>
  commit === undefined
    ? ''
    : `${commit.commit.slice(0, 7)}${commit.isDirty ? '+' : ''}${commit.branch === undefined ? '' : ` ${commit.branch}`}`;
