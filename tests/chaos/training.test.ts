import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';
import { hashCombineOf } from '../../src/ml/tensor/ops/random.ts';
import { trainings } from './trainings.ts';

const instants = Math.min(50, Number(process.env['CHAOS_INSTANTS'] ?? 50));
const names = Object.keys(trainings);
const kills = Math.ceil(instants / names.length);
const root = join(import.meta.dirname, '../..');
const program = join(root, 'node_modules/.cache/training-child.mjs');

beforeAll(async () => {
  // Beside the packages, so that the engine is found from there.
  await build({
    entryPoints: [join(import.meta.dirname, 'training-child.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['onnxruntime-node'],
    outfile: program,
  });
});

for (const [index, name] of names.entries()) {
  test(`training (${name}) killed ${kills} times at random ends with the bits of one left alone`, async () => {
    const whole = await run(name, await folder(), undefined);
    expect(whole.last).toMatchObject({ kind: 'finished', stoppedEarly: name.includes('stopped early') });
    let [killed, scratch, round] = [0, await folder(), 0];
    const signals = { SIGKILL: 0, SIGTERM: 0 };
    while (killed < kills) {
      // Some lines into what is left of the training: in a step, an evaluation, or any operation of a
      // checkpoint's writing.
      const random = hashCombineOf(20 + round, index) >>> 0;
      const signal = killed % 2 === 0 ? 'SIGKILL' : 'SIGTERM';
      const ended = await run(name, scratch, { afterLines: 1 + ((random >>> 1) % 20), signal });
      round += 1;
      if (ended.killed) {
        killed += 1;
        signals[signal] += 1;
      }
      if (ended.last?.kind !== 'finished') continue;
      expect(ended.last).toEqual(whole.last);
      scratch = await folder();
    }
    expect((await run(name, scratch, undefined)).last).toEqual(whole.last);
    console.log(
      `${name}: ${signals.SIGKILL} kills by SIGKILL, ${signals.SIGTERM} by SIGTERM, all ended ` +
        'with equal bits',
    );
  });
}

const folder = () => mkdtemp(join(tmpdir(), 'training-chaos-'));

interface Line {
  readonly kind?: string;
}

/** Runs the training until it ends, or is killed once it has said so many lines. */
async function run(
  name: string,
  scratch: string,
  kill: { readonly afterLines: number; readonly signal: 'SIGKILL' | 'SIGTERM' } | undefined,
): Promise<{ readonly last: Line | undefined; readonly killed: boolean }> {
  const child = spawn(process.execPath, [program, scratch, name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaint = text(child.stderr);
  const exited = new Promise((resolve) => child.once('close', resolve));
  let [count, killed] = [0, false];
  let last: Line | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.endsWith('}')) continue; // cut off by the kill
    last = JSON.parse(line);
    count += 1;
    if (kill !== undefined && !killed && count >= kill.afterLines && last?.kind !== 'finished')
      killed = child.kill(kill.signal);
  }
  await exited;
  expect(await complaint, 'what it wrote to stderr').toBe('');
  if (killed && kill?.signal === 'SIGTERM')
    expect(['interrupted', 'finished'], 'how it ended after SIGTERM').toContain(last?.kind);
  return { last, killed };
}
