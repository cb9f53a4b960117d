import type { Diagnostic } from '../../diagnostic.ts';
import { declaredOuts } from '../../plan/check/declared-outs.ts';
import { checkCommand } from '../../plan/command/check-command.ts';
import { smokeFaults } from '../../plan/smoke-instance.ts';
import { productsOf } from '../../store/products.ts';
import { recordedDep } from '../identity/recorded-dep.ts';
import { inTheWay } from './blocked-paths.ts';
import { bundleFaults } from './bundle-faults.ts';
import type { CheckedPlan } from './checked-plan.ts';
import { eachOnce } from './each-once.ts';
import { engineFaults } from './engine-faults.ts';
import { executableFaults } from './executable-faults.ts';
import { fileChecks } from './file-faults.ts';
import { interfaceFaults } from './interface-faults.ts';
import { linkedReads } from './linked-reads.ts';
import { projectPaths } from './project-paths.ts';
import { resourceFaults } from './resource-faults.ts';

/**
 * Checks everything about a plan that can be wrong outside the pipeline file: programs and their params,
 * files, the machine's resources. All of it at once, before anything runs.
 */
export async function preflight(checked: CheckedPlan): Promise<readonly Diagnostic[]> {
  const { workspace, store, plan, instances, programs, capacityOf, allowMissing } = checked;
  const paths = projectPaths(workspace);
  const filesOf = fileChecks(paths, {
    allowMissing,
    outHelp: declaredOuts(plan.instances),
    isRecorded: (instance, dep) => recordedDep(store, plan.pipeline, instance, dep) !== undefined,
  });
  const isProduct = productsOf(store, plan.pipeline);
  return eachOnce([
    ...instances.flatMap((instance) => [
      ...filesOf(instance),
      ...smokeFaults(instance),
      ...checkCommand(instance, {
        isFile: paths.isFile,
        isProduct: (path) => isProduct(instance.stage, path),
      }),
      ...resourceFaults(instance, capacityOf(instance)),
    ]),
    ...inTheWay(workspace, instances),
    ...linkedReads(paths, plan.instances, instances),
    ...bundleFaults(paths, instances, programs),
    ...engineFaults(checked),
    ...executableFaults(checked),
    ...(await interfaceFaults(checked)),
  ]);
}
