import { type Made, publish, type WrittenOuts } from '../../cache/publish.ts';
import { withheldOuts } from '../../plan/instance.ts';
import { diskMessage } from '../../store/database/disk-message.ts';
import { shownPath } from '../../workspace/workspace.ts';
import { warn } from '../run.ts';
import type { Execution } from './execution.ts';

/**
 * Caches a result, and returns whether it is cached. A result that cannot be cached is kept, with a warning.
 */
export async function publishOuts(
  execution: Execution,
  outs: WrittenOuts,
  made: Pick<Made, 'seconds' | 'at'>,
): Promise<boolean> {
  const { run, instance } = execution;
  if (!instance.cache || instance.smoke?.makesList === false) return false;
  const obstacle = linkLeaving(outs);
  if (obstacle !== undefined) {
    warnOfLink(execution, obstacle);
    return false;
  }
  const fault = await publishFault(execution, outs, made);
  if (fault === undefined) return true;
  if (!run.stop.givenUp.aborted) warnNotCached(execution, fault);
  return false;
}

/** An out with a link to a place outside it depends on files that are not in the cache. */
const linkLeaving = (outs: WrittenOuts): string | undefined =>
  [...outs.values()].flatMap(({ found }) => found.leaving)[0];

/** Files the result; a disk that does not take it costs the caching, not the result. */
async function publishFault(
  { run, instance, assessment }: Execution,
  outs: WrittenOuts,
  { seconds, at }: Pick<Made, 'seconds' | 'at'>,
): Promise<string | undefined> {
  const { session } = run;
  const { store, workspace } = session;
  const made = { run: run.run, seconds, at, withheld: withheldOuts(instance) };
  const published = await publish(session, assessment, outs, made).catch((error: unknown) => ({
    ok: false as const,
    error: { path: 'cache', message: diskMessage(error) },
  }));
  if (!published.ok) return `${published.error.path}: ${published.error.message}`;
  // Data written to a deleted file is lost with this process.
  return store.isInPlace() ? undefined : `${shownPath(workspace, store.file)} was removed during the run`;
}

const warnOfLink = ({ run, instance }: Execution, link: string): void =>
  warn(run, instance.id, {
    severity: 'warning',
    code: 'out-link',
    message:
      `${link} is a symbolic link to a place outside its out: ` +
      `the result of ${instance.id} is not cached`,
    help: 'write a file instead of a link',
  });

const warnNotCached = ({ run, instance }: Execution, why: string): void =>
  warn(run, instance.id, {
    severity: 'warning',
    code: 'not-cached',
    message: `the result of ${instance.id} could not be cached (${why}); it is kept in ${instance.folder}`,
  });
