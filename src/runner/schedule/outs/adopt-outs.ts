import { type Made, publish } from '../../cache/cache.ts';
import type { Outcome } from '../../event.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Assessment } from '../../status/assess.ts';
import { recordPlacement } from '../../store/placements.ts';
import { type Found, readContent } from '../../workspace/read-content.ts';
import { dropFailed } from '../attempt-folder.ts';
import { failedBy } from '../failed-by.ts';
import { recordFinished } from '../execute-instance.ts';
import type { Run } from '../run.ts';
import { linkFault } from './place-outs.ts';

/** Takes the files at the places of an instance's outs for its result, without running it. */
export async function adoptOuts(run: Run, instance: Instance, assessment: Assessment): Promise<Outcome> {
  const { session } = run;
  const { workspace, store, plan } = session;
  if (!instance.cache)
    return failedBy(
      'a stage with `cache: false` has no cached result, so files cannot be adopted: run it instead',
    );
  const link = linkFault(
    session,
    Object.values(instance.outs).map(({ path }) => path),
  );
  if (link !== undefined) return failedBy(link);
  const outs = new Map<string, { readonly path: string; readonly found: Found }>();
  for (const [name, { path }] of Object.entries(instance.outs)) {
    const found = await readContent(workspace, path, { links: 'keep', passing: true });
    if (!found.ok) return failedBy(`the out ${name}: ${found.error.message} (${found.error.path})`);
    if (found.value === undefined)
      return failedBy(`${path} is missing: \`--adopt\` needs existing files for every out of the instance`);
    const [leaving] = found.value.leaving;
    if (leaving !== undefined)
      return failedBy(
        `${leaving} is a symbolic link to a place outside the out: write a file instead of a link`,
      );
    outs.set(name, { path, found: found.value });
  }
  const made: Made = { run: run.run, seconds: 0, at: Date.now(), adopted: true };
  const published = await publish(session, assessment, outs, made);
  if (!published.ok) return failedBy(`${published.error.path}: ${published.error.message}`);
  for (const { path, found } of outs.values())
    recordPlacement(store, plan.pipeline, instance.id, path, found.content);
  recordFinished(run, instance, assessment, made.at);
  await dropFailed(workspace, instance);
  return { kind: 'up-to-date', adopted: true };
}
