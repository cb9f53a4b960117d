import type { Failure } from '../../event.ts';
import { changedInput } from './changed-input.ts';
import type { Execution } from './execution.ts';
import type { RefusedStart } from './job-ending.ts';

/**
 * The fault of a job that was not started; undefined: the change is known here now, and the instance is to be
 * planned again.
 */
export const refusalFault = async (
  execution: Execution,
  refused: RefusedStart,
): Promise<Failure | undefined> =>
  refused.kind === 'inputs-changed' ? inputsFault(execution, refused) : platformFault(execution, refused);

async function inputsFault(
  { run, instance, assessment }: Execution,
  { path, host }: Extract<RefusedStart, { readonly kind: 'inputs-changed' }>,
): Promise<Failure | undefined> {
  if ((await changedInput(run.session, instance, assessment)) !== undefined) return undefined;
  return { kind: 'lost', message: `${path} is not the same file on ${host} as it is here` };
}

function platformFault(
  { run, instance }: Execution,
  { platform: { os, arch, node }, host }: Extract<RefusedStart, { readonly kind: 'platform-differs' }>,
): Failure | undefined {
  const executor = run.session.executorOf(instance);
  const found = `${os} ${arch}, Node ${node}`;
  const learned = run.learned.get(executor) ?? found;
  run.learned.set(executor, learned);
  if (learned === found) return undefined;
  return {
    kind: 'platform',
    message:
      `the nodes of "${executor.name}" differ (${host} has ${found}, another one has ` +
      `${learned}): request one kind with "constraint"`,
  };
}
