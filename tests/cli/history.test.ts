import { expect, test } from 'vitest';
import { createRig } from '../rig/rig.ts';

/** A score that is a param, of two instances; `best` names the metric. */
const scored = (rate: number) => ({
  'pipeline.yaml': {
    best: { by: 'a.m.score', goal: 'max' },
    stages: {
      a: {
        matrix: { of: ['x', 'y'] },
        cmd: ['sh', '-c', `printf '{"first": 1, "score": %s}' $1 > "$0"`, '${outs.m}', '${params.rate}'],
        params: { rate, of: '${of}' },
        outs: { m: { path: 'm.json', kind: 'metrics' } },
      },
    },
  },
});

test('history shows the scores of what a run computed, and which params changed', async () => {
  await using rig = await createRig();
  rig.write(scored(0.25));
  await rig.pipeline('run').result;
  rig.write(scored(0.5));
  await rig.pipeline('run').result;
  await rig.pipeline('run').result;

  const history = await rig.pipeline('history', '--json').result;
  expect(history.json['runs']).toMatchObject([
    { scores: [], params: [] },
    {
      scores: [
        { instance: 'a[x]', metric: 'score', value: 0.5 },
        { instance: 'a[y]', metric: 'score', value: 0.5 },
      ],
      params: [
        { instance: 'a[x]', param: 'rate', before: 0.25, after: 0.5 },
        { instance: 'a[y]', param: 'rate', before: 0.25, after: 0.5 },
      ],
    },
    { scores: [{ value: 0.25 }, { value: 0.25 }], params: [] },
  ]);
  const text = (await rig.pipeline('history', '--wide').result).stdout;
  expect(text).toContain('score 0.5000 a[x], 0.5000 a[y]');
  expect(text).toContain('rate 0.25 -> 0.5 (2 instances)');
  const unknown = await rig.pipeline('history', 'x').result;
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no run "x"')]);
});

interface ShownInstance {
  readonly cpuSeconds: number;
  readonly peakMemoryBytes: number;
  readonly metrics: Readonly<Record<string, number>>;
}

function instancesOf({ stdout }: { readonly stdout: string }): readonly [ShownInstance] {
  const { instances }: { readonly instances: readonly [ShownInstance] } = JSON.parse(stdout);
  return instances;
}

/** Fills memory, computes with a child, and says what the kernel counted for both. */
const program = `
const { execFileSync } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const burn = 'for (let i = 0, x = 0; i < 3e8; i++) x += i;';
const memory = Buffer.alloc(150e6, 1);
const child = execFileSync(process.execPath, ['-e', burn + 'console.log(JSON.stringify(process.resourceUsage()))']);
eval(burn);
writeFileSync(process.argv[1], JSON.stringify({ own: process.resourceUsage(), child: JSON.parse(child), kept: memory.length }));
`;

test.skipIf(process.platform !== 'linux')(
  'a run records the CPU time and memory of its instances, children included',
  async () => {
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': {
        stages: {
          a: {
            cmd: [process.execPath, '-e', program, '${outs.m}'],
            outs: { m: { path: 'm.json', kind: 'metrics' } },
          },
        },
      },
    });
    const run = await rig.pipeline('run', '--json').result;
    expect(run.code, run.stderr).toBe(0);
    const shown = await rig.pipeline('history', String(run.json['run']), '--json').result;
    expect(shown.json['instances']).toMatchObject([{ instance: 'a', state: 'ran' }]);
    const [{ cpuSeconds, peakMemoryBytes, metrics }] = instancesOf(shown);
    const sum = (...names: readonly string[]): number =>
      names.reduce(
        (total, name) => total + (metrics[`own.${name}`] ?? 0) + (metrics[`child.${name}`] ?? 0),
        0,
      );
    const counted = sum('userCPUTime', 'systemCPUTime');
    // The kernel counts in hundredths of a second; a process goes on for a moment after it has asked.
    expect(cpuSeconds).toBeGreaterThan(counted / 1e6 - 0.1);
    expect(cpuSeconds).toBeLessThan(counted / 1e6 + 1);
    expect(peakMemoryBytes).toBeGreaterThan(150e6);
    expect(peakMemoryBytes).toBeLessThan(sum('maxRSS') * 1024 + 50e6);
    const text = (await rig.pipeline('history', String(run.json['run'])).result).stdout;
    expect(text).toMatch(/^instance +state +time +CPU time +memory/m);
  },
);
