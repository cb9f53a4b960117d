import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inProcess, type InProcess } from '../rig/in-process.ts';

const pipeline = (...words: readonly string[]): object => ({
  stages: Object.fromEntries(
    words.map((word) => [
      word,
      { cmd: 'echo same > ${outs.o}; echo ' + word + ' > ${outs.p}', outs: { o: 'o', p: 'p' } },
    ]),
  ),
});

async function faults(project: InProcess): Promise<readonly string[]> {
  const verified = await project.ask((asked) => asked.verify());
  return verified.ok
    ? verified.value.faults.map(({ path, message }) => `${path.slice(0, 13)}: ${message}`)
    : [verified.error.kind];
}

function objectWith(project: InProcess, text: string): string {
  const entries = readdirSync(join(project.root, 'cache/objects'), { recursive: true, withFileTypes: true });
  const found = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .find((path) => readFileSync(path, 'utf8') === text);
  if (found === undefined) throw new Error(`no object ${text}`);
  return found;
}

function damage(project: InProcess, text: string): void {
  const object = objectWith(project, text);
  chmodSync(object, 0o644);
  writeFileSync(object, text.toUpperCase());
}

describe('verify reports each wrong object once, with its owner and what repairs it', () => {
  test('one of a named result is made again by a run that needs it', async () => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': pipeline('a', 'b') });
    await project.run();
    damage(project, 'a\n');
    rmSync(objectWith(project, 'same\n'));
    expect((await faults(project)).toSorted()).toEqual([
      'cache/objects: is missing: part of the out o of a in pipeline, and of 1 other result; a ' +
        'run that needs it computes it again',
      'cache/objects: its content does not match its digest: part of the out p of a in pipeline; ' +
        'a run that needs it computes it again',
    ]);
    expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'ran' });
    expect(await faults(project)).toEqual([]);
  });

  test('one of unnamed results only is deleted by gc, and no run is suggested', async () => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': pipeline('a', 'b') });
    await project.run();
    project.write({ 'pipeline.yaml': pipeline('a') });
    damage(project, 'b\n');
    expect((await project.run()).outcomes).toEqual({ a: 'up-to-date' });
    expect(await faults(project)).toEqual([
      expect.stringMatching(
        /: part of the out p of an older result \([0-9a-f]{8}\) of b in pipeline; a run computes it again only if it needs that result; `pipeline gc --keep-runs 0` deletes it if no pipeline file needs it$/,
      ),
    ]);
    await project.ask((asked) => asked.gc({ dryRun: false, keepRuns: 0 }));
    expect(await faults(project)).toEqual([]);
  });

  test('one that no result uses is deleted by gc', async () => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': pipeline('a') });
    await project.run();
    const object = `cache/objects/00/${'0'.repeat(62)}`;
    project.write({ [object]: 'other bytes' });
    expect(await faults(project)).toEqual([
      'cache/objects: its content does not match its digest: no result needs it; `pipeline gc` deletes it',
    ]);
    await project.ask((asked) => asked.gc({ dryRun: false, keepRuns: 5 }));
    expect(await faults(project)).toEqual([]);
  });
});

test('a run is suggested to restore only what is cached', async () => {
  using project = inProcess();
  project.write({
    'pipeline.yaml': {
      stages: {
        a: { cmd: 'echo a > ${outs.o}', outs: { o: 'o' } },
        b: { cmd: 'echo b > ${outs.o}', outs: { o: 'o' }, cache: false },
      },
    },
  });
  await project.run();
  rmSync(join(project.root, 'artifacts/pipeline/a/o'));
  rmSync(join(project.root, 'artifacts/pipeline/b/o'));
  expect((await faults(project)).map((fault) => fault.includes('restores it'))).toEqual([true, false]);
});
