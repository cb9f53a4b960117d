/** Why a job will not start by itself, in Slurm's word (squeue(1), "JOB REASON CODES"), and what to do. */
export function stuckText(id: string, reason: string): string | undefined {
  const advice = adviceFor(reason);
  return advice && `job ${id} will not start: ${reason}: ${advice}`;
}

function adviceFor(reason: string): string | undefined {
  if (/^launch failed requeued held$/i.test(reason))
    return 'its node could not start it: cancel its instance, and check the log of slurmd';
  if (/^(ReqNodeNotAvail|Nodes required for job are DOWN)/.test(reason))
    return 'nodes that it needs are down or reserved: request others with "partition" or "constraint"';
  if (/^(QOS|Assoc)Max.*PerJob/.test(reason) || /^(QOS|Assoc).*PerJobLimit$/.test(reason))
    return 'it requests more than the limit for one job: lower "resources"';
  return known[reason];
}

const known: Readonly<Record<string, string>> = {
  PartitionConfig:
    'no node of the partition has the requested resources: lower "resources", or use another partition',
  PartitionNodeLimit: 'it requests more nodes than the partition allows: use another partition',
  PartitionTimeLimit: 'its time limit exceeds that of the partition: lower "time", or use another partition',
  PartitionDown: 'the partition is down: use another one, or wait',
  PartitionInactive: 'the partition is inactive: use another one',
  BadConstraints: 'no node meets all its requirements: change "constraint" or "resources"',
  DependencyNeverSatisfied: 'it depends on a job that failed: cancel its instance, and run again',
  InvalidAccount: 'the account is unknown: change "account"',
  InvalidQOS: 'the QOS is unknown: change "extra"',
  AccountNotAllowed: 'the account may not use the partition: change "account" or "partition"',
  JobHeldUser: 'it is on hold: release it with `scontrol release`',
  JobHeldAdmin: 'an administrator put it on hold: ask them why',
};
