import type { InstanceHistory, Project, RunHistory } from '../../../runner/project.ts';
import { diagnosticText } from '../../../runner/report/diagnostic-text.ts';
import { outcomeText } from '../../../runner/report/outcome-text.ts';
import { reasonText } from '../../../runner/report/reason-text.ts';
import { stateInRun } from '../../../runner/report/run-text.ts';
import { noColors } from '../../../runner/wording/colors.ts';
import type { RunAnswer, RunInstance, RunsAnswer } from '../../api.ts';
import type { Result } from '../../../result.ts';
import type { Refusal } from './refusal.ts';

/** Runs, the newest first: those that are older than `before`. */
export async function runsAnswer(
  project: Project,
  before: string | undefined,
  limit: number,
): Promise<Result<RunsAnswer, Refusal>> {
  const runs = await project.history(limit + 1, before);
  return runs.ok
    ? { ok: true, value: { runs: runs.value.slice(0, limit), more: runs.value.length > limit } }
    : runs;
}

/** A run with its instances, without their series. */
export async function runAnswer(project: Project, run: string): Promise<Result<RunAnswer, Refusal>> {
  // Read first: events stored later are also sent by the event stream, and duplicates are harmless.
  const events = await project.eventsSince(run, 0);
  if (!events.ok) return events;
  const found = await project.runHistory(run);
  if (!found.ok) return found;
  if (found.value === undefined)
    return { ok: false, error: { kind: 'unknown', message: `there is no run ${run}` } };
  const { instances, warnings, ...record } = found.value;
  return {
    ok: true,
    value: {
      ...record,
      instances: instances.map((history) => runInstance(history, record.state)),
      warnings: warnings.map((warning) => warningIn(warning, project)),
      next: (events.value?.at(-1)?.sequence ?? -1) + 1,
    },
  };
}

const runInstance = (history: InstanceHistory, run: RunHistory['state']): RunInstance => ({
  instance: history.instance,
  state: stateInRun(history, run),
  outcome: history.outcome && outcomeText(history.outcome),
  startedAt: history.startedAt,
  finishedAt: history.finishedAt,
  attempts: history.attempts.length,
  because: history.attempts.at(-1)?.because.map(reasonText) ?? [],
  progress: history.progress,
  usage: history.usage,
  gpu: history.gpu,
  device: history.device && `${history.device.runtime} on ${history.device.device}`,
});

const warningIn = (
  { instance, diagnostic }: RunHistory['warnings'][number],
  { textOf }: Project,
): RunAnswer['warnings'][number] => ({ instance, text: diagnosticText(diagnostic, noColors, textOf) });
