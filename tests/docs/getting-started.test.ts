import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planFile } from '../../src/runner/plan/plan-file.ts';
import type { Instance } from '../../src/runner/plan/instance.ts';
import { positionIn } from '../../src/runner/report/position-in.ts';
import { inProcess } from '../rig/in-process.ts';
import { wholeRun } from '../rig/whole-run.ts';

const root = join(import.meta.dirname, '../..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const gettingStarted = text('docs/getting-started.md');
const pipeline = text('pipeline.yaml');

describe('the recipe for a data set of your own in docs/getting-started.md', () => {
  const line = /^ {4}- \{ name: mine, .*\}$/m.exec(gettingStarted)?.[0] ?? '';
  const questions = /echo '(.*)' > (\S+)/.exec(gettingStarted);
  const extended = pipeline.replace(/^ {2}datasets: .*\n/m, (list) => `${list}${line}\n`);

  test('adds its stages with one line, with folder, format and questions as described', () => {
    const before = instancesOf(pipeline);
    const after = instancesOf(extended);
    const added = after.filter(({ id }) => !before.some((other) => other.id === id));
    expect(added.map(({ id }) => id)).toHaveLength((before.length - 2) / 2);
    expect(after.filter((instance) => !added.includes(instance)).map(({ id }) => id)).toEqual(
      before.map(({ id }) => id),
    );
    expect(added.find(({ id }) => id === 'data-format[mine]')).toMatchObject({
      params: { format: 'jsonl' },
      deps: { raw: { path: 'data/raw/mine' } },
    });
    expect(added.find(({ id }) => id === 'qualitative[mine,lora]')).toMatchObject({
      deps: { questions: { path: questions?.[2] } },
    });
  });

  test('writes questions that the stage can read', () => {
    expect(Object.keys(JSON.parse(questions?.[1] ?? ''))).toEqual(
      Object.keys(JSON.parse(text('data/questions/aimc.json'))),
    );
  });
});

test('the misspelled stage of docs/getting-started.md is reported as shown', () => {
  const misspelled = pipeline.replace(
    '{ from: data-format, out: train }',
    '{ from: data-fromat, out: train }',
  );
  const { result } = planFile({
    file: 'pipeline.yaml',
    overrides: [],
    readText: () => ({ ok: true, value: misspelled }),
  });
  if (result.ok) throw new Error('it has no fault');
  const { line, column } = positionIn(misspelled, result.error[0]?.at?.offset ?? 0);
  expect(gettingStarted).toContain(`pipeline.yaml:${line}:${column}: error: ${result.error[0]?.message}`);
});

test('real-rows.yaml names no private file: without rows it explains how to set yours', async () => {
  using project = inProcess();
  project.write({
    'pipeline.yaml': pipeline,
    'experiments/real-rows.yaml': text('experiments/real-rows.yaml'),
  });
  const ran = await project.ask((opened) => opened.dryRun(wholeRun), undefined, 'experiments/real-rows.yaml');
  const faults = ran.ok || ran.error.kind !== 'invalid' ? [] : ran.error.diagnostics;
  expect(
    faults
      .filter(({ code, message }) => code === 'missing-file' && message.startsWith('my/'))
      .map(({ help }) => help),
  ).toEqual(Array(2).fill(expect.stringContaining('--set vars.aimc=')));
});

function instancesOf(file: string): readonly Instance[] {
  const { result } = planFile({
    file: 'pipeline.yaml',
    overrides: [],
    readText: () => ({ ok: true, value: file }),
  });
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join('\n'));
  return result.value.instances;
}
