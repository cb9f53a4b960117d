import { restore } from '../../cache/restore.ts';
import type { Outcome } from '../../event.ts';
import type { Entry } from '../../manifest/decide.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Assessment } from '../../status/assess.ts';
import { recordResult } from '../../store/last-results.ts';
import { readUntil } from '../../workspace/workspace.ts';
import { dropFailed } from '../attempt/attempt-folder.ts';
import { failedBy } from '../failed-by.ts';
import {
  foreignFault,
  keptFilesWarning,
  linkFault,
  removeOlderOuts,
  workspaceOuts,
} from '../outs/place-outs.ts';
import { type Run, warn } from '../run.ts';

/**
 * Restores the outs that differ from the entry, and records that all of them match. `damaged`: the entry is
 * not what it was when it was found.
 */
export async function restoreEntry(
  run: Run,
  instance: Instance,
  entry: Entry,
  { key, manifest, displaced, dropped }: Assessment,
  { overwrite }: { readonly overwrite: boolean },
): Promise<Outcome | 'damaged'> {
  const { workspace, store, plan } = run.session;
  const changed = workspaceOuts(instance).filter((path) => displaced.some((out) => out.path === path));
  const fault = overwrite ? linkFault(run.session, changed) : foreignFault(run.session, instance, changed);
  if (fault !== undefined) return failedBy(fault);
  const outs = Object.entries(instance.outs)
    .filter(([name]) => !dropped.includes(name))
    .map(([name, { path }]) => ({ name, path, inPlace: !displaced.some((out) => out.path === path) }));
  const { givenUp } = run.stop;
  const session = { ...run.session, workspace: readUntil(workspace, givenUp) };
  const restored = await restore(session, entry, {
    pipeline: plan.pipeline,
    instance: instance.id,
    outs,
  });
  if (!restored.ok && givenUp.aborted) return { kind: 'skipped' };
  if (!restored.ok) return failedBy(`${restored.error.path}: ${restored.error.message}`);
  if (restored.value.kind === 'damaged') return 'damaged';
  const { files, bytes, keptIn, origin } = restored.value;
  for (const folder of keptIn) warn(run, instance.id, keptFilesWarning(folder));
  await removeOlderOuts(run.session, instance, dropped);
  await dropFailed(workspace, instance);
  recordResult(store, plan.pipeline, instance.id, { key, manifest, run: run.run, at: Date.now() });
  if (displaced.length === 0) return { kind: 'up-to-date' };
  return { kind: 'restored', files, bytes, displaced, ...(origin === undefined ? {} : { origin }) };
}
