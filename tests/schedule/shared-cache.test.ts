import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inProcess, type InProcess } from '../rig/in-process.ts';

function project(cache?: string): InProcess {
  const made = inProcess();
  made.write({ 'pipeline.yaml': { stages: { a: { cmd: 'echo x > ${outs.o}', outs: { o: 'o' } } } } });
  if (cache !== undefined) symlinkSync(cache, join(made.root, 'cache'));
  return made;
}

const collect = (of: InProcess) => of.ask((open) => open.gc({ dryRun: false, keepRuns: 0 }));

test('a cache that two clones link to is refused for the second, by run and gc', async () => {
  using first = project();
  expect((await first.run()).outcomes).toEqual({ a: 'ran' });
  using second = project(join(first.root, 'cache'));
  second.write({ 'pipeline.yaml': { stages: { b: { cmd: ['true'] } } } });
  expect((await second.run()).problem).toContain(`which the project in ${first.root} uses`);
  const collected = await collect(second);
  expect(collected.ok || collected.error.kind).toBe('invalid');
  rmSync(join(first.root, 'artifacts'), { recursive: true });
  expect((await first.run()).outcomes).toEqual({ a: 'restored' });
});

test('two clones with links to one folder: the first that runs owns it', async () => {
  using shared = inProcess();
  using first = project(shared.root);
  using second = project(shared.root);
  expect((await first.run()).outcomes).toEqual({ a: 'ran' });
  expect((await second.run()).problem).toContain('shared-cache: ');
  expect((await first.run()).outcomes).toEqual({ a: 'up-to-date' });
});

test('a link to a folder of its own is accepted, and so is a project that was moved or copied', async () => {
  using own = inProcess();
  using made = project(join(own.root, 'cache'));
  mkdirSync(join(own.root, 'cache'));
  expect((await made.run()).outcomes).toEqual({ a: 'ran' });
  using moved = project(join(own.root, 'cache'));
  renameSync(join(made.root, 'cache'), join(made.root, 'old'));
  expect((await moved.run()).outcomes).toEqual({ a: 'restored' });
});
