import type { Result } from '../../result.ts';
import type { InstanceMetrics, Problem, Project, Selection } from '../../runner/project.ts';
import type { TypedPipeline } from '../../runner/wording/command-text.ts';
import { unknownRun } from '../output/unknown-run.ts';

/** A moment that metrics are of: a run, or a commit. */
export type MetricsSource =
  | { readonly kind: 'run'; readonly run: string }
  | { readonly kind: 'commit'; readonly revision: string };

/** The metrics of a moment, and its name; `missing`: a message that names the missing item. */
type SourceMetrics =
  | { readonly kind: 'found'; readonly name: string; readonly metrics: readonly InstanceMetrics[] }
  | { readonly kind: 'missing'; readonly message: string };

/** Metrics as a run left them, or as a commit has them. */
export async function metricsAt(
  project: Project,
  source: MetricsSource,
  selection: Selection,
  typed: TypedPipeline,
): Promise<Result<SourceMetrics, Problem>> {
  if (source.kind === 'commit') {
    const found = await project.metricsAtCommit(source.revision, selection);
    if (!found.ok) return found;
    if (!found.value.ok) return { ok: true, value: { kind: 'missing', message: found.value.error } };
    const { commit, metrics } = found.value.value;
    return { ok: true, value: { kind: 'found', name: commit, metrics } };
  }
  const found = await project.metricsOfRun(source.run, selection);
  if (!found.ok) return found;
  return {
    ok: true,
    value:
      found.value === undefined
        ? { kind: 'missing', message: unknownRun(source.run, typed) }
        : { kind: 'found', name: source.run, metrics: found.value },
  };
}
