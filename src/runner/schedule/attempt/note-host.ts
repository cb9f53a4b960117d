import type { Key } from '../../identity.ts';
import { type Attempt, earlierCpu, recordHost } from '../../store/attempts.ts';
import { attemptFolder } from '../../workspace/cache-layout.ts';
import { scratchPath } from '../../workspace/scratch.ts';
import { placeOf, type Workspace } from '../../workspace/workspace.ts';
import { warn } from '../run.ts';
import type { Execution } from './execution.ts';

/**
 * Stores where an attempt ran, and warns if it resumed from a checkpoint computed on another CPU model:
 * engines choose their kernels by the CPU's instructions.
 */
export function noteHost({ run, instance }: Execution, record: Attempt, mayResume: boolean): void {
  const { workspace, store, executorOf } = run.session;
  const folder = placeOf(workspace, attemptFolder(record.key));
  const found = executorOf(instance).hostOf({ nonce: record.nonce, folder });
  if (found === undefined) return;
  recordHost(store, record, found);
  const before = mayResume ? earlierCpu(store, record.key, record.nonce) : undefined;
  if (before === undefined || before === found.cpu || !hasCheckpoint(workspace, record.key)) return;
  warn(run, instance.id, {
    severity: 'warning',
    code: 'mixed-cpus',
    message:
      `${instance.id} resumed on ${found.cpu} (${found.host}) from a checkpoint that was computed on ` +
      `${before}: its result may differ in the last bits from that of a single CPU model`,
    help: 'for bit-identical results request one CPU model with "constraint", and run again with --force',
  });
}

/** A stage may have removed all of the cache. */
function hasCheckpoint(workspace: Workspace, key: Key): boolean {
  const place = placeOf(workspace, scratchPath(key));
  return workspace.disk.lstat(place)?.isDirectory() === true && workspace.disk.list(place).length > 0;
}
