import type { Result } from '../../result.ts';
import type { HubProblem } from './hub-fault.ts';

/** Whether a repository of the hub, "datasets/owner/name", is a data set. */
export const isDataSet = (repository: string): boolean => repository.startsWith('datasets/');

/**
 * Which files of a data set are fetched: all below `path`, or that file; without one, all of the repository
 * but its page. Files of git and the like, whose names begin with a dot, hold no data.
 */
export function dataFiles(
  names: readonly string[],
  path: string | undefined,
): Result<readonly string[], HubProblem> {
  const visible = names.filter((name) => name.split('/').every((part) => !part.startsWith('.')));
  const chosen =
    path === undefined
      ? visible.filter((name) => name !== 'README.md')
      : visible.filter((name) => name === path || name.startsWith(`${path}/`));
  return chosen.length > 0
    ? { ok: true, value: chosen }
    : { ok: false, error: { kind: 'no-data', path, found: visible } };
}
