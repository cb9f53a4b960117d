import type { Result } from '../../result.ts';
import type { InstanceMetrics, Problem, Project, Selection } from '../../runner/project.ts';

/** A moment that metrics are of: a run, or the last good one of a commit. */
export type Moment =
  { readonly kind: 'run'; readonly run: string } | { readonly kind: 'commit'; readonly revision: string };

/** The metrics of a moment, and what it is called; undefined: the message says what there is not. */
export type MomentMetrics =
  | { readonly kind: 'found'; readonly name: string; readonly metrics: readonly InstanceMetrics[] }
  | { readonly kind: 'missing'; readonly message: string };

/** Metrics as a run left them. */
export async function metricsAt(
  project: Project,
  moment: Moment,
  selection: Selection,
): Promise<Result<MomentMetrics, Problem>> {
  if (moment.kind === 'commit') {
    const found = await project.runAtCommit(moment.revision);
    if (!found.ok) return found;
    if (!found.value.ok) return { ok: true, value: { kind: 'missing', message: found.value.error } };
    const { run, commit } = found.value.value;
    return metricsOf(project, run, commit.slice(0, 7), selection);
  }
  return metricsOf(project, moment.run, moment.run, selection);
}

async function metricsOf(
  project: Project,
  run: string,
  name: string,
  selection: Selection,
): Promise<Result<MomentMetrics, Problem>> {
  const found = await project.metricsOfRun(run, selection);
  if (!found.ok) return found;
  return {
    ok: true,
    value:
      found.value === undefined
        ? { kind: 'missing', message: `there is no run "${run}": pipeline history lists the runs` }
        : { kind: 'found', name, metrics: found.value },
  };
}
