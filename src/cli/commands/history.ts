import { Command } from 'commander';
import type { Problem, Project, RunHistory, RunRecord, RunResults } from '../../runner/project.ts';
import type { Result } from '../../result.ts';
import { invalid } from '../../runner/project/planning/invalid.ts';
import type { TypedPipeline } from '../../runner/wording/command-text.ts';
import { answer } from '../output/answer.ts';
import { withPipelineOptions, type PipelineOptions } from '../options/project-options.ts';
import { tableWidth } from '../output/screen.ts';
import { unknownRun } from '../output/unknown-run.ts';
import { wholeNumber } from '../options/whole-number.ts';

interface HistoryOptions extends PipelineOptions {
  readonly limit: number;
  readonly wide?: true;
}

/** `pipeline history`. */
export function historyCommand(): Command {
  return withPipelineOptions(new Command('history'))
    .description(
      'List runs, newest first: how they ended, and the scores and changed params of what they ' +
        'computed. With a run id: its instances with their time, CPU time and memory.',
    )
    .argument('[run]', 'id of a run')
    .option('--limit <count>', 'list at most this many runs', wholeNumber(1), 20)
    .option('--wide', 'show every column, whatever the width of the terminal')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline history --limit 5 --json\n  pipeline history 20260131-142501-3f9a',
    )
    .action((run: string | undefined, options: HistoryOptions) =>
      run === undefined ? listRuns(options) : showRun(options, run),
    );
}

const listRuns = (options: HistoryOptions): Promise<void> =>
  answer(
    options,
    async (project) => {
      const runs = await project.history(options.limit);
      return runs.ok ? withResults(project, runs.value) : runs;
    },
    async ({ runs, results }) => {
      const { historyText } = await import('../../runner/report/history-text.ts');
      return historyText(runs, results, tableWidth(options));
    },
    ({ runs, results }) => ({
      runs: runs.map((record) => {
        const { scores = [], params = [] } = results.get(record.run) ?? {};
        return { ...record, scores, params };
      }),
    }),
  );

async function withResults(
  project: Project,
  runs: readonly RunRecord[],
): Promise<
  Result<{ readonly runs: readonly RunRecord[]; readonly results: ReadonlyMap<string, RunResults> }, Problem>
> {
  const found = await project.runResults(runs);
  return found.ok
    ? { ok: true, value: { runs, results: new Map(found.value.map((one) => [one.run, one])) } }
    : found;
}

const showRun = (options: HistoryOptions, run: string): Promise<void> =>
  answer(
    options,
    (project) => runWithResults(project, run, options),
    async ({ history, results }) => {
      const { runText } = await import('../../runner/report/run-text.ts');
      return runText(history, results, tableWidth(options));
    },
    ({ history: { instances, warnings: _warnings, ...record }, results: { scores, params } }) => ({
      ...record,
      scores,
      params,
      instances: instances.map(instanceJson),
    }),
  );

async function runWithResults(
  project: Project,
  run: string,
  typed: TypedPipeline,
): Promise<Result<{ readonly history: RunHistory; readonly results: RunResults }, Problem>> {
  const history = await project.runHistory(run);
  if (!history.ok) return history;
  if (history.value === undefined)
    return invalid([{ severity: 'error', code: 'unknown-run', message: unknownRun(run, typed) }]);
  const found = await project.runResults([history.value]);
  if (!found.ok) return found;
  const results = found.value[0] ?? { run, scores: [], params: [] };
  return { ok: true, value: { history: history.value, results } };
}

const instanceJson = ({
  instance,
  outcome,
  key,
  startedAt,
  finishedAt,
  usage,
  gpu,
  params,
  metrics,
}: RunHistory['instances'][number]): object => ({
  instance,
  state: outcome?.kind ?? (startedAt === undefined ? 'waiting' : 'running'),
  key,
  startedAt,
  finishedAt,
  cpuSeconds: usage?.cpuSeconds,
  peakMemoryBytes: usage?.peakMemoryBytes,
  peakGpuMemoryBytes: gpu?.peakBytes,
  params,
  metrics,
});
