import type { Puppet } from './puppets.ts';
import { createRig, type Rig } from './rig.ts';

/** Frequent polls of the queue, and a short grace: all is on one machine here. */
export const quick = { interval: 1, grace: 3 };

/** A project all of whose stages run on Slurm; they may be puppets. */
export async function slurmProject(
  stages: (puppet: Puppet) => object,
  settings: object = {},
): Promise<Rig & { readonly stage: Puppet }> {
  const rig = await createRig();
  const stage = rig.puppet();
  rig.write({
    'pipeline.yaml': {
      name: 'p',
      executor: 'slurm',
      executors: { slurm: { ...quick, ...settings } },
      stages: stages(stage),
    },
  });
  return { ...rig, stage };
}
