import fc from 'fast-check';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { InstanceId } from '../../src/runner/identity.ts';
import { allotment, type Share } from '../../src/runner/schedule/allotment/allotment.ts';
import { createRig } from '../rig/rig.ts';

const capacity = { jobs: 3, cpus: 4, gpus: () => ['0', '1', 'MIG-a'].map((name) => ({ name })), memory: 100 };
const wanted = fc.record({
  cpus: fc.integer({ min: 1, max: 4 }),
  gpus: fc.integer({ min: 0, max: 3 }),
  memory: fc.integer({ min: 0, max: 100 }),
});

test('allotted resources fit the machine at all times, in the order of the requests', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(wanted, { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat()),
      async (asked, choices) => {
        const shares = allotment(capacity);
        const granted: number[] = [];
        const held: { readonly index: number; readonly share: Share }[] = [];
        for (const [index, wants] of asked.entries()) {
          void shares.take({ id: `a[${index}]` as InstanceId, resources: wants }).then((share) => {
            granted.push(index);
            return held.push({ index, share });
          });
        }
        for (let turn = 0; granted.length < asked.length || held.length > 0; turn++) {
          await setImmediate();
          const total = (what: 'cpus' | 'memory'): number =>
            held.reduce((sum, { index }) => sum + (asked[index]?.[what] ?? 0), 0);
          const gpus = held.flatMap(({ share }) => share.gpus.map(({ name }) => name));
          expect({
            jobs: held.length <= capacity.jobs,
            cpus: total('cpus') <= capacity.cpus,
            memory: total('memory') <= capacity.memory,
            gpus: new Set(gpus).size === gpus.length,
          }).toEqual({ jobs: true, cpus: true, memory: true, gpus: true });
          expect(held.map(({ index, share }) => share.gpus.length === asked[index]?.gpus)).not.toContain(
            false,
          );
          expect(held.length).toBeGreaterThan(0);
          const [released] = held.splice((choices[turn % Math.max(1, choices.length)] ?? 0) % held.length, 1);
          released?.share.release();
        }
        expect(granted).toEqual(asked.map((_, index) => index));
      },
    ),
  );
});

test('--jobs 1: one after the other, in plan order; --jobs 2: two at a time', async () => {
  for (const [jobs, order] of [
    ['1', ['started a', 'finished a', 'started b', 'finished b']],
    ['2', ['started', 'started', 'finished a', 'finished b']],
  ] as const) {
    await using rig = await createRig();
    const [a, b] = [rig.puppet('a'), rig.puppet('b')];
    rig.write({
      'pipeline.yaml': {
        stages: { a: { cmd: a.cmd, outs: { o: 'o' } }, b: { cmd: b.cmd, outs: { o: 'o' } } },
      },
    });
    const run = rig.pipeline('run', '--jobs', jobs);
    const first = await a.nextStart();
    const second = jobs === '2' ? await b.nextStart() : undefined;
    await first.exit(0, { o: 'a' });
    if (second !== undefined) await run.said('✓ a');
    await (second ?? (await b.nextStart())).exit(0, { o: 'b' });
    const { events } = await run.result;
    // Which of two is started first is left open.
    expect(
      events.flatMap((event) =>
        event.kind === 'started' || event.kind === 'finished'
          ? [event.kind === 'started' && jobs === '2' ? event.kind : `${event.kind} ${event.instance}`]
          : [],
      ),
    ).toEqual(order);
  }
});

test('a stage that needs every CPU runs alone, and is not overtaken by later small ones', async () => {
  await using rig = await createRig();
  const [small, large, last] = [rig.puppet('small'), rig.puppet('large'), rig.puppet('last')];
  const stage = (cmd: readonly string[], cpus: number): object => ({
    cmd,
    outs: { o: 'o' },
    resources: { cpus },
  });
  rig.write({
    'pipeline.yaml': {
      stages: {
        a: stage(small.cmd, 1),
        b: stage(large.cmd, Math.max(2, availableParallelism())),
        c: stage(last.cmd, 1),
      },
    },
  });
  const run = rig.pipeline('run', '--jobs', '2');
  await (await small.nextStart()).exit(0, { o: 'a' });
  await (await large.nextStart()).exit(0, { o: 'b' });
  await (await last.nextStart()).exit(0, { o: 'c' });
  const { events } = await run.result;
  expect(
    events.flatMap((event) =>
      event.kind === 'started' || event.kind === 'finished' ? [`${event.kind} ${event.instance}`] : [],
    ),
  ).toEqual(['started a', 'finished a', 'started b', 'finished b', 'started c', 'finished c']);
});
