import { type Made, publish } from '../../cache/publish.ts';
import type { Outcome } from '../../event.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Assessment } from '../../status/assess.ts';
import { recordPlacement } from '../../store/placements.ts';
import { dropFailed } from '../attempt/attempt-folder.ts';
import { failedBy } from '../failed-by.ts';
import { recordFinished } from '../record-finished.ts';
import { readOuts } from './read-outs.ts';
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
  const paths = Object.fromEntries(Object.entries(instance.outs).map(([name, { path }]) => [name, path]));
  const link = linkFault(session, Object.values(paths));
  if (link !== undefined) return failedBy(link);
  const read = await readOuts(workspace, paths);
  if (!read.ok) return failedBy(read.error);
  const { outs, missing } = read.value;
  const [lacking] = missing;
  if (lacking !== undefined)
    return failedBy(
      `${paths[lacking]} is missing: \`--adopt\` needs existing files for every out of the instance`,
    );
  const [leaving] = [...outs.values()].flatMap(({ found }) => found.leaving);
  if (leaving !== undefined)
    return failedBy(
      `${leaving} is a symbolic link to a place outside the out: write a file instead of a link`,
    );
  const made: Made = { run: run.run, seconds: 0, at: Date.now(), adopted: true };
  const published = await publish(session, assessment, outs, made);
  if (!published.ok) return failedBy(`${published.error.path}: ${published.error.message}`);
  for (const { path, found } of outs.values())
    recordPlacement(store, plan.pipeline, instance.id, path, found.content);
  recordFinished(run, instance, assessment, made.at);
  await dropFailed(workspace, instance);
  return { kind: 'up-to-date', adopted: true };
}
