import type { Diagnostic } from '../../diagnostic.ts';
import { checkReadsThroughLinks } from '../../plan/check/check-paths.ts';
import type { Instance } from '../../plan/instance.ts';
import { realPathInProject } from './leads-out.ts';
import type { ProjectPaths } from './project-paths.ts';

/** Deps that lead by a symbolic link to an out of another instance. `all`: the instances of the plan. */
export function linkedReads(
  { workspace, linkOn, filesOf }: ProjectPaths,
  all: readonly Instance[],
  checked: readonly Instance[],
): readonly Diagnostic[] {
  const faults: Diagnostic[] = [];
  checkReadsThroughLinks(
    all,
    checked,
    {
      realPath: realPathInProject(workspace, linkOn),
      filesOf: (dep) => {
        const found = filesOf(dep);
        return found.ok ? found.value.files : [];
      },
    },
    (fault) => void faults.push(fault),
  );
  return faults;
}
