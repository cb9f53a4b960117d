import { expect, test } from 'vitest';
import { attemptsInQueues } from '../../src/runner/store/attempts.ts';
import { queueHere, writeQueue } from '../rig/queue-here.ts';
import { createRig, type Rig } from '../rig/rig.ts';
import { runUntilStep } from '../rig/run-until-step.ts';
import { withStore } from './ending.ts';

const milliseconds = 600_000;

test(
  'killed before each step with a job in a queue: it runs once, and no attempt stays open',
  async () => {
    const steps = await eachStep(runUntilStep);
    expect(steps).toContain('row: INSERT OR REPLACE INTO entries');
  },
  milliseconds,
);

test(
  'killed again, before each step, while it takes up the job of a killed run: likewise',
  async () => {
    const undisturbed = await stepsOf(runUntilStep, 0);
    const submitted = undisturbed.findIndex((step) => step.startsWith('row: UPDATE attempts SET handle'));
    expect(submitted).toBeGreaterThan(0);
    const steps = await eachStep(async (rig, nth) => {
      await runUntilStep(rig, submitted + 2);
      return runUntilStep(rig, nth);
    });
    expect(steps).toContain('row: INSERT OR REPLACE INTO entries');
  },
  milliseconds,
);

/** Plays in a project that kills a run before a step; 0: before none. Gives what the run printed. */
type Play = (rig: Rig, nth: number) => Promise<string>;

/** Kills a run of a project of its own before each step of one that lives to its end, which it gives. */
async function eachStep(play: Play): Promise<readonly string[]> {
  const steps = await stepsOf(play, 0);
  expect(steps.at(-1)).toBe('end');
  let next = 1;
  // They wait for their processes most of the time.
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (next < steps.length) await stepsOf(play, next++);
    }),
  );
  return steps;
}

async function stepsOf(play: Play, nth: number): Promise<readonly string[]> {
  await using rig = await queueProject();
  const steps = (await play(rig, nth)).trim().split('\n');
  await expectNothingOpen(rig, `killed after "${steps.at(-1)}", step ${nth}`);
  return steps;
}

async function queueProject(): Promise<Rig> {
  const rig = await createRig();
  writeQueue(rig);
  rig.write({
    'pipeline.yaml': {
      name: 'p',
      executor: 'own',
      executors: { own: queueHere },
      stages: { a: { cmd: 'echo started >> started; echo made > ${outs.o}', outs: { o: 'o' } } },
    },
  });
  return rig;
}

async function expectNothingOpen(rig: Rig, when: string): Promise<void> {
  const { code, stderr } = await rig.process('run').result;
  expect(code === 0 ? '' : stderr, when).toBe('');
  expect(rig.read('artifacts/p/a/o'), when).toBe('made\n');
  expect(rig.read('started'), when).toBe('started\n');
  expect(
    withStore(rig, (store) => attemptsInQueues(store, 'p', 'local')),
    when,
  ).toEqual([]);
  expect((await rig.process('cancel', '--json').result).json['cancelled'], when).toEqual([]);
}
