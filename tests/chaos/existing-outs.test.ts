import { expect, test } from 'vitest';
import { createRig } from '../rig/rig.ts';
import { runUntilStep } from '../rig/run-until-step.ts';

const committed = 'committed\n';
const [place, aside] = ['reports/scores.txt', 'reports/.found-scores.txt'];

/** A run that kills itself before its nth step; gives whether it lived to its end. */
async function endsBefore(nth: number): Promise<boolean> {
  await using rig = await createRig();
  rig.write({
    'pipeline.yaml': {
      stages: {
        eval: { cmd: 'echo computed > ${outs.scores}', outs: { scores: { path: place, workspace: true } } },
      },
    },
    [place]: committed,
  });
  const shown = await runUntilStep(rig, nth);
  const kept = [place, aside].filter((path) => rig.exists(path) && rig.read(path) === committed);
  expect(kept, `after ${shown}`).toHaveLength(1);
  await rig.process('gc').result;
  expect([rig.read(place), rig.exists(aside)], `after ${shown}`).toEqual([committed, false]);
  return shown.trim().endsWith('end');
}

test('killed at every step: files that no run made are back in place after the next command', async () => {
  let nth = 1;
  while (!(await endsBefore(nth))) nth += 1;
  expect(nth).toBeGreaterThan(20);
}, 600_000);
