import type { Result } from '../../../result.ts';
import { type Found, readContent } from '../../workspace/read-content.ts';
import type { Workspace } from '../../workspace/workspace.ts';

/** The outs of an instance as they are on the disk, by name. */
interface ReadOuts {
  readonly outs: ReadonlyMap<string, { readonly path: string; readonly found: Found }>;
  /** The names of those that are not there. */
  readonly missing: readonly string[];
}

/** Reads outs, each at its path. The error is the first that cannot be read, and why. */
export async function readOuts(
  workspace: Workspace,
  paths: Readonly<Record<string, string>>,
): Promise<Result<ReadOuts>> {
  const outs = new Map<string, { readonly path: string; readonly found: Found }>();
  const missing: string[] = [];
  for (const [name, path] of Object.entries(paths)) {
    const found = await readContent(workspace, path, { links: 'keep', passing: true });
    if (!found.ok)
      return { ok: false, error: `the out ${name}: ${found.error.message} (${found.error.path})` };
    if (found.value === undefined) missing.push(name);
    else outs.set(name, { path, found: found.value });
  }
  return { ok: true, value: { outs, missing } };
}
