import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { hashCombineOf } from '../../src/ml/tensor/ops/random.ts';
import { recordedGroups } from '../../src/runner/store/process-groups.ts';
import { wasKilled } from '../../src/runner/store/runs.ts';
import { createRig, type Rig, until } from '../rig/rig.ts';
import { runUntilStep } from '../rig/run-until-step.ts';
import { type Ending, endOf, withStore } from './ending.ts';
import { chain, script } from './experiment.ts';

const instants = Number(process.env['CHAOS_INSTANTS'] ?? 1000);
const seed = Number(process.env['CHAOS_SEED'] ?? 1);

/** A number in [0, 1) for the nth draw. */
const random = (draw: number): number => (hashCombineOf(hashCombineOf(seed, 0x5eed), draw) >>> 0) / 2 ** 32;

describe('invariant 3: after a kill at any instant the next run is correct', () => {
  test(`killed at ${instants} random instants: outs and cache are as in an undisturbed project`, async () => {
    const undisturbed = await play();
    const phases = new Map<string, number>();
    let next = 0;
    // Two projects at a time: one that waits for its processes leaves the machine to the other.
    await Promise.all(
      [0, 1].map(async () => {
        while (next < instants) {
          await using rig = await createRig();
          for (const [index, { name, edit }] of script.entries()) {
            edit(rig);
            // What a kill left may be killed again.
            for (let kills = 0; next < instants && (kills === 0 || random(4 * next) < 0.25); kills++) {
              const draw = 4 * next++;
              const phase = await killedRun(rig, {
                from: random(draw + 3) < 0.2 ? 'its start' : 'its first event',
                milliseconds: random(draw + 1) * 1.2 * (undisturbed[index]?.milliseconds ?? 0),
                way: ways[Math.floor(random(draw + 2) * ways.length)] ?? 'runner',
              });
              phases.set(phase, (phases.get(phase) ?? 0) + 1);
            }
            expect({ step: name, ...(await endOf(rig)) }, `seed ${seed}, before instant ${next}`).toEqual({
              step: name,
              ...undisturbed[index]?.ending,
            });
          }
        }
      }),
    );
    console.log(
      `${next} instants, seed ${seed}: ${[...phases]
        .sort()
        .map(([phase, count]) => `${count} ${phase}`)
        .join(', ')}`,
    );
    expect(phases.get('while stages ran') ?? 0).toBeGreaterThan(instants / 20);
  });

  test('killed before each step that changes the disk or the rows', async () => {
    const undisturbed = await crashed(0);
    const steps = undisturbed.steps.slice(0, -1);
    expect(undisturbed.steps.at(-1)).toBe('end');
    let next = 1;
    let lived = 0;
    await Promise.all(
      [0, 1].map(async () => {
        while (next <= steps.length) {
          const nth = next++;
          const { ending, steps: done } = await crashed(nth);
          if (done.includes('end')) lived += 1;
          expect({ before: steps[nth - 1], ending }, `step ${nth}`).toEqual({
            before: steps[nth - 1],
            ending: undisturbed.ending,
          });
        }
      }),
    );
    // What is remembered of files for the next run depends on how old they are: a few rows more or fewer.
    expect(lived).toBeLessThan(10);
    const afterExit = betweenExitAndEnd(steps);
    console.log(
      `killed before each of ${steps.length} steps, ${afterExit.length} of them after a stage ` +
        `had exited:\n${pluralize(afterExit)}`,
    );
    expect(afterExit).toContain('row: INSERT OR REPLACE INTO entries');
    expect(afterExit.some((step) => step.startsWith('rename: cache/objects'))).toBe(true);
    expect(afterExit.some((step) => /^rename: .*-> artifacts/.test(step))).toBe(true);
  });
});

describe('invariant 11: training never resumes from a checkpoint of other data', () => {
  test.each(['before the kill', 'after the kill'])(
    'data edited during a training, restored %s, and run again: its checkpoint is removed',
    async (when) => {
      await using rig = await createRig();
      const { train, started } = await trainingWithCheckpoint(rig);
      rig.write({ rows: 'other rows' });
      if (when === 'before the kill') rig.write({ rows: 'rows' });
      await started.killRunner();
      if (when === 'after the kill') rig.write({ rows: 'rows' });
      const again = rig.process('run');
      const resumed = await train.nextStart();
      expect(rig.exists(`${resumed.context.scratch}/checkpoint`)).toBe(false);
      await resumed.exit(0, { model: 'from nothing' });
      expect((await again.result).json).toMatchObject({ ran: ['train'] });
    },
  );

  test('unchanged data: the checkpoint is reused, by the second and the third run', async () => {
    await using rig = await createRig();
    const { train, started } = await trainingWithCheckpoint(rig);
    await started.killRunner();
    const second = rig.process('run');
    const resumed = await train.nextStart();
    expect(rig.read(`${resumed.context.scratch}/checkpoint`)).toBe('step 7 of rows');
    second.kill('SIGKILL');
    await resumed.gone;
    await second.result;
    const third = rig.process('run');
    const last = await train.nextStart();
    expect(rig.read(`${last.context.scratch}/checkpoint`)).toBe('step 7 of rows');
    await last.exit(0, { model: 'resumed' });
    expect((await third.result).json).toMatchObject({ ran: ['train'] });
    expect(rig.exists(last.context.scratch)).toBe(false);
  });
});

/** Plays the script without any disturbance. */
async function play(): Promise<readonly { readonly milliseconds: number; readonly ending: Ending }[]> {
  await using rig = await createRig();
  const played: { milliseconds: number; ending: Ending }[] = [];
  for (const { edit } of script) {
    edit(rig);
    const { code, stderr, json } = await rig.process('run').result;
    expect(code === 0 ? '' : stderr).toBe('');
    const milliseconds = Number(json['seconds']) * 1000;
    played.push({ milliseconds, ending: await endOf(rig) });
  }
  return played;
}

/**
 * Who is killed: the supervisor and the stages are in process groups of their own, so a signal to the
 * runner's group leaves them too.
 */
const ways = [
  'runner',
  'its process group',
  'runner and supervisor',
  'runner, supervisor and stages',
] as const;

/** When and how a run is killed. */
interface Kill {
  /** Of its first event, it has read the pipeline, holds the lock, and begins to assess. */
  readonly from: 'its start' | 'its first event';
  readonly milliseconds: number;
  readonly way: (typeof ways)[number];
}

/** Starts a run and kills it; gives what it was at. */
async function killedRun(rig: Rig, { from, milliseconds, way }: Kill): Promise<string> {
  const run = rig.process('run');
  if (from === 'its first event')
    await until(() => existsSync(run.eventFile) && statSync(run.eventFile).size > 0, 30_000);
  await setTimeout(milliseconds);
  const supervisors = childrenOf(run.pid);
  const stages = supervisors.flatMap(childrenOf);
  kill(way === 'its process group' ? -run.pid : run.pid);
  if (way === 'runner and supervisor' || way === 'runner, supervisor and stages') supervisors.forEach(kill);
  if (way === 'runner, supervisor and stages') stages.forEach(kill);
  const { signal } = await run.result;
  return signal === null ? 'after its end' : phaseOf(rig);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter((text) => text !== '')
      .map(Number);
  } catch {
    return [];
  }
}

/** What the run that was killed was at, by its rows. */
function phaseOf(rig: Rig): string {
  if (!rig.exists('cache/pipeline.sqlite')) return 'before there was a store';
  return withStore(rig, (store) => {
    if (!wasKilled(store)) return 'before its row or after its end';
    const open = store
      .sql(
        'SELECT count(*) FROM attempts WHERE ended IS NULL AND run = (SELECT run FROM runs ORDER ' +
          'BY started_at DESC, run DESC LIMIT 1)',
      )
      .pluck()
      .get();
    const running = recordedGroups(store).length;
    if (Number(open) > running) return 'between exit and end of an attempt, or at its start';
    return running > 0 ? 'while stages ran' : 'between stages';
  });
}

/** A run that kills itself before its nth step, and the run after it. */
async function crashed(nth: number): Promise<{ readonly steps: readonly string[]; readonly ending: Ending }> {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': chain, data: 'row\n' });
  const shown = await runUntilStep(rig, nth);
  return { steps: shown.trim().split('\n'), ending: await endOf(rig) };
}

/** The steps between "a stage has exited" and "its attempt has ended", of all stages. */
function betweenExitAndEnd(steps: readonly string[]): readonly string[] {
  let exited = false;
  return steps.filter((step) => {
    if (step.startsWith('row: DELETE FROM process_groups')) exited = true;
    const among = exited;
    if (step.startsWith('row: UPDATE attempts SET ended')) exited = false;
    return among;
  });
}

function pluralize(steps: readonly string[]): string {
  return [...new Set(steps)]
    .map((step) => `  ${steps.filter((other) => other === step).length} x ${step}`)
    .join('\n');
}

async function trainingWithCheckpoint(rig: Rig) {
  const train = rig.puppet();
  rig.write({
    rows: 'rows',
    'pipeline.yaml': {
      stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { model: 'model' } } },
    },
  });
  const run = rig.process('run');
  const started = await train.nextStart();
  await started.order('write', { files: { 'scratch:checkpoint': 'step 7 of rows' } });
  async function killRunner(): Promise<void> {
    run.kill('SIGKILL');
    await run.result;
    await started.gone;
  }
  return { train, started: { ...started, killRunner } };
}
