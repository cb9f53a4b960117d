import fc from 'fast-check';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { InstanceId } from '../../src/runner/identity.ts';
import { allotment, type GpuClaims, type Share } from '../../src/runner/schedule/allotment/allotment.ts';
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

/** What the kernel does for the runs of a machine. */
function machine(): () => GpuClaims {
  const free = new Map<string, () => void>();
  const freed = new Map<string, Promise<void>>();
  return () => ({
    startsNoMore: new AbortController().signal,
    async claim({ name }) {
      await setImmediate();
      const taken = freed.get(name);
      if (taken !== undefined)
        return { kind: 'held', by: undefined, freed: taken, stopWaiting: () => undefined };
      freed.set(name, new Promise((resolve) => free.set(name, resolve)));
      return {
        kind: 'claimed',
        release() {
          freed.delete(name);
          free.get(name)?.();
        },
      };
    },
  });
}

test('two runs never have the same GPU, and every request of both is granted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(wanted, { minLength: 1, maxLength: 10 }),
      fc.array(wanted, { minLength: 1, maxLength: 10 }),
      fc.array(fc.nat()),
      async (mine, theirs, choices) => {
        const claims = machine();
        const held: Share[] = [];
        let granted = 0;
        for (const asked of [mine, theirs]) {
          const shares = allotment(capacity, claims());
          for (const [index, resources] of asked.entries())
            void shares.take({ id: `a[${index}]` as InstanceId, resources }).then((share) => {
              granted += 1;
              expect(share.gpus).toHaveLength(resources.gpus);
              return held.push(share);
            });
        }
        let idle = 0;
        for (let turn = 0; granted < mine.length + theirs.length || held.length > 0; turn++) {
          await setImmediate();
          const gpus = held.flatMap(({ gpus: given }) => given.map(({ name }) => name));
          expect(new Set(gpus).size).toBe(gpus.length);
          idle = held.length === 0 ? idle + 1 : 0;
          expect(idle).toBeLessThan(100);
          held
            .splice((choices[turn % Math.max(1, choices.length)] ?? 0) % Math.max(1, held.length), 1)[0]
            ?.release();
        }
      },
    ),
  );
});

test('after a run has stopped starting instances, nothing waits for the GPU of another run', async () => {
  const claims = machine();
  const other = await allotment(capacity, claims()).take(gpuFor('other', 3));
  const stop = new AbortController();
  const shares = allotment(capacity, { ...claims(), startsNoMore: stop.signal });
  const waiting: string[] = [];
  const first = shares.take(gpuFor('a', 1), ({ elsewhere }) => {
    waiting.push(...elsewhere.map(({ gpu }) => gpu.name));
  });
  const second = shares.take(gpuFor('b', 2));
  while (waiting.length === 0) await setImmediate();
  expect(waiting).toEqual(['0', '1', 'MIG-a']);
  stop.abort();
  expect([(await first).gpus, (await second).gpus]).toEqual([[], []]);
  other.release();
});

const gpuFor = (id: string, gpus: number) => ({
  id: id as InstanceId,
  resources: { cpus: 1, gpus, memory: 0 },
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
