import type { Result } from '../../../result.ts';
import type { Collected, GcRequest } from '../../answers/garbage.ts';
import type { Problem } from '../../answers/problem.ts';
import { noSpaceLeft } from '../../workspace/disk/no-space-left.ts';
import type { Access } from '../open-rows.ts';
import type { ProjectAccess } from '../project-access.ts';
import { gc } from './gc.ts';

/**
 * Collects garbage. On a disk too full to open the rows for writing, once by those in memory: what that
 * deletes makes room for the rows.
 */
export async function collect(
  { root, withRows }: ProjectAccess,
  set: readonly string[],
  request: GcRequest,
): Promise<Result<Collected, Problem>> {
  const withAccess = (access: Access): Promise<Result<Collected, Problem>> =>
    withRows(access, (open) => gc(open, set, request));
  const collected = await withAccess('write');
  if (collected.ok || collected.error.kind !== 'disk' || !noSpaceLeft([root])) return collected;
  const first = await withAccess('read');
  if (!first.ok || request.dryRun) return first;
  const rest = await withAccess('write');
  return rest.ok ? { ok: true, value: together(first.value, rest.value) } : rest;
}

/** The rows of results that the first call deleted still exist for the second. */
const together = (first: Collected, rest: Collected): Collected => ({
  entries: rest.entries,
  removed: rest.removed,
  bytesLeft: rest.bytesLeft,
  objects: first.objects + rest.objects,
  files: [...first.files, ...rest.files],
  bytes: first.bytes + rest.bytes,
  kept: rest.kept,
});
