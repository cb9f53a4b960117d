import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { programs } from '../rig/build-programs.ts';
import { createRig, type Rig, until } from '../rig/rig.ts';

/** How many instants are tried; continuous integration takes fewer. */
const kills = Number(process.env['CHAOS_KILLS'] ?? 1000);

/** Reads, resumes from its scratch folder, writes a file and a folder; what follows reads both. Results depend on the input alone. */
const experiment = {
  stages: {
    a: {
      matrix: { n: [1, 2] },
      cmd: 'S=$(sed -n "s/.*\\"scratch\\":\\"\\([^\\"]*\\)\\".*/\\1/p" "$PIPELINE_CONTEXT"); for i in 1 2 3 4 5; do [ -e "$S/$i" ] || { sleep 0.01; cat ${deps.x} > "$S/$i.new"; mv "$S/$i.new" "$S/$i"; }; done; mkdir -p ${outs.d}/sub; cat "$S"/1 "$S"/5 > ${outs.d}/sub/x; echo ${n} > ${outs.d}/n; cat "$S"/[1-5] > ${outs.o}',
      deps: { x: 'x' },
      outs: { d: 'd', o: 'o' },
    },
    b: { matrix: { from: 'a' }, cmd: 'sleep 0.02; cat ${deps.d}/sub/x ${deps.o} > ${outs.o}', deps: { d: { from: 'a', out: 'd' }, o: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
    c: { cmd: 'cat ${deps.all} > ${outs.o}', deps: { all: { from: 'b', out: 'o', gather: true } }, outs: { o: 'o' } },
  },
};

/** What an undisturbed run makes of an input. */
const expected = (x: string): string => `${x}\n`.repeat(14);

/** Ends a run in one of the ways in which runs are ended: the runner, its process group, or runner and supervisor at once. */
function kill(pid: number, way: number): void {
  const supervisors = way === 2 ? childrenOf(pid) : [];
  try {
    process.kill(way === 1 ? -pid : pid, 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
  for (const supervisor of supervisors) {
    try {
      process.kill(supervisor, 'SIGKILL');
    } catch {
      // So had this.
    }
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((text) => text !== '').map(Number);
  } catch {
    return [];
  }
}

async function endsRight(rig: Rig, input: string, round: number): Promise<void> {
  const result = await rig.pipeline('run').result;
  expect({ round, code: result.code, stderr: result.code === 0 ? '' : result.stderr, made: rig.read('artifacts/pipeline/c/o') }).toEqual({ round, code: 0, stderr: '', made: expected(input) });
  expect(rig.survivors()).toEqual([]);
}

test(`killed at ${kills} random instants: the next run ends as an undisturbed one, with no process and no file left over`, async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': experiment });
  let interrupted = 0;
  for (let round = 0; round < kills; round++) {
    const input = `row ${round}`;
    rig.write({ x: `${input}\n` });
    const run = rig.pipeline('run');
    await setTimeout(Math.random() * 1500);
    kill(run.pid, round % 3);
    if ((await run.result).signal !== null) interrupted += 1;
    await endsRight(rig, input, round);
    if (round % 50 === 49) {
      rig.write({ x: 'another\n' });
      expect((await rig.pipeline('gc', '--keep-runs', '0').result).code).toBe(0);
      expect(leftOver(rig)).toEqual([]);
      expect((await rig.pipeline('verify').result).code).toBe(0);
    }
  }
  console.log(`${kills} runs, ${interrupted} of them killed before their end: each next run ended right`);
  expect(interrupted).toBeGreaterThan(kills / 10);
});

/** Unfinished files and folders, attempts, and checkpoints of inputs that nobody names. */
const leftOver = (rig: Rig): readonly string[] =>
  readdirSync(rig.root, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('.partial-') || /^cache\/(attempts|scratch)\/./.test(path) || path.endsWith('.failed'));

test('killed at every operation that changes the disk: the next run ends as an undisturbed one', async () => {
  const { crashAt, supervisor, stageChild } = await programs();
  let operation = 1;
  for (let alive = false; !alive; operation++) {
    await using rig = await createRig();
    rig.write({ 'pipeline.yaml': experiment, x: 'a\n' });
    const child = spawn(process.execPath, [crashAt, String(operation), supervisor, stageChild], { cwd: rig.root, stdio: 'ignore' });
    const signal = await new Promise((resolve) => { child.on('exit', (_, by) => resolve(by)); });
    alive = signal === null;
    await until(() => rig.survivors().length === 0, 8_000);
    await endsRight(rig, 'a', operation);
    rmSync(join(rig.root, 'artifacts'), { recursive: true });
  }
  console.log(`killed at each of ${operation - 2} operations`);
  expect(operation).toBeGreaterThan(40);
});
