/** Why a job will not start by itself, in Slurm's word (squeue(1), "JOB REASON CODES"), and what to do. */
export function stuckText(id: string, reason: string): string | undefined {
  const advice = adviceFor(reason);
  return advice && `job ${id} will not start: ${reason}: ${advice}`;
}

function adviceFor(reason: string): string | undefined {
  if (/^launch failed requeued held$/i.test(reason))
    return 'its node could not start it; `pipeline cancel` it and look at the log of slurmd';
  if (/^(ReqNodeNotAvail|Nodes required for job are DOWN)/.test(reason))
    return 'nodes that it needs are down or reserved: ask for others by "partition" or "constraint"';
  if (/^(QOS|Assoc)Max.*PerJob/.test(reason) || /^(QOS|Assoc).*PerJobLimit$/.test(reason))
    return 'it asks for more than one job may have here: lower "resources"';
  return known[reason];
}

const known: Readonly<Record<string, string>> = {
  PartitionConfig:
    'no node of the partition has what it asks for: lower "resources", or name another partition',
  PartitionNodeLimit: 'it asks for more nodes than the partition gives: name another partition',
  PartitionTimeLimit:
    'its time limit is above that of the partition: lower "time", or name another partition',
  PartitionDown: 'the partition takes no jobs now: name another one, or wait',
  PartitionInactive: 'the partition is inactive: name another one',
  BadConstraints: 'no node has all that it asks for: change "constraint" or "resources"',
  DependencyNeverSatisfied: 'it waits for a job that failed: `pipeline cancel` it and run again',
  InvalidAccount: 'the account is not known here: change "account"',
  InvalidQOS: 'the QOS is not known here: change "extra"',
  AccountNotAllowed: 'the account may not use the partition: change "account" or "partition"',
  JobHeldUser: 'it is held: `scontrol release` it',
  JobHeldAdmin: 'an administrator holds it: ask why',
};
