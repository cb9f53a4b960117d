import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { statusText } from '../../src/runner/report/status-text.ts';
import { inProcess, type InProcess } from '../rig/in-process.ts';

const pipeline = (least: number): object => ({
  stages: {
    prepare: { cmd: 'cat ${deps.raw}/rows.txt > ${outs.o}', deps: { raw: 'raw' }, outs: { o: 'o' } },
    fit: {
      cmd: `printf '{"least": %s}' \${params.least} > \${outs.m}`,
      deps: { o: { from: 'prepare', out: 'o' } },
      params: { least },
      outs: { m: { path: 'm.json', kind: 'metrics' } },
    },
  },
});

/** A project that has run, and whose raw data was moved away. */
async function withoutData(): Promise<InProcess> {
  const project = inProcess();
  project.write({ 'raw/rows.txt': 'x', 'pipeline.yaml': pipeline(1) });
  expect((await project.run()).outcomes).toEqual({ prepare: 'ran', fit: 'ran' });
  rmSync(join(project.root, 'raw'), { recursive: true });
  return project;
}

test('with raw data missing, status shows that all results are current', async () => {
  using project = await withoutData();
  const status = await project.ask((open) => open.status({ patterns: [], mode: 'needs' }));
  expect(status.ok && status.value.instances.map(({ state }) => state)).toEqual(['up-to-date', 'up-to-date']);
  const explained = await project.ask((open) => open.explain('prepare'));
  expect(explained.ok && explained.value.state).toBe('up-to-date');
  expect(status.ok && status.value.instances.map(({ unchecked }) => unchecked)).toEqual([['raw'], []]);
  expect(status.ok && statusText(status.value, { all: false, width: 80 })).toContain(
    'not checked: raw (not on this machine)',
  );
});

test('a run names the missing data, and with --allow-missing uses what is recorded of them', async () => {
  using project = await withoutData();
  expect((await project.run()).problem).toContain('missing-file: raw');
  const ran = await project.run({ allowMissing: true });
  expect([ran.outcomes, ran.warnings]).toEqual([
    { prepare: 'up-to-date', fit: 'up-to-date' },
    ['not-checked'],
  ]);
  project.write({ 'pipeline.yaml': pipeline(2) });
  expect((await project.run({ allowMissing: true })).outcomes).toEqual({ prepare: 'up-to-date', fit: 'ran' });
});

test('a stage that would read the missing data does not run', async () => {
  using project = await withoutData();
  const { outcomes } = await project.run({ allowMissing: true, force: true, patterns: ['prepare'] });
  expect(outcomes['prepare']).toBe('failed');
});

test('data without a record are reported as missing', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline(1) });
  expect((await project.run({ allowMissing: true })).problem).toContain('missing-file: raw');
});
