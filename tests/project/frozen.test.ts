import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { summaryJson } from '../../src/cli/output/summary-json.ts';
import { forecastText } from '../../src/cli/output/texts/forecast-text.ts';
import { explanationText } from '../../src/runner/report/explanation-text.ts';
import { statusText } from '../../src/runner/report/status-text.ts';
import { noColors } from '../../src/runner/wording/colors.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { wholeRun } from '../rig/whole-run.ts';

/** raw → prepare → fit → score, of which one stage may be frozen. */
const pipeline = (fit: object = {}, more: object = {}): object => ({
  stages: {
    prepare: { cmd: 'cat ${deps.raw} > ${outs.o}', deps: { raw: 'raw.txt' }, outs: { o: 'o' } },
    fit: {
      cmd: 'cat ${deps.rows} > ${outs.m} && echo ${params.p} >> ${outs.m}',
      deps: { rows: { from: 'prepare', out: 'o' } },
      params: { p: 1 },
      outs: { m: 'm' },
      ...fit,
    },
    score: { cmd: 'cat ${deps.m} > ${outs.s}', deps: { m: { from: 'fit', out: 'm' } }, outs: { s: 's' } },
    ...more,
  },
});
const frozen = pipeline({ frozen: true, params: { p: 2 } });
const model = 'artifacts/pipeline/fit/m';

/** A project that has run, whose stage `fit` was then changed and frozen. */
async function frozenAfterRun(): Promise<InProcess> {
  const project = inProcess();
  project.write({ 'raw.txt': 'a\n', 'pipeline.yaml': pipeline() });
  expect((await project.run()).outcomes).toEqual({ prepare: 'ran', fit: 'ran', score: 'ran' });
  project.write({ 'pipeline.yaml': frozen });
  return project;
}

test('a frozen stage does not run, whatever changed; its dependents use its last result', async () => {
  using project = await frozenAfterRun();
  project.write({ 'raw.txt': 'b\n' });
  const ran = await project.run();
  expect(ran.outcomes).toEqual({ prepare: 'ran', fit: 'up-to-date', score: 'up-to-date' });
  expect(ran.warnings).toEqual(['frozen']);
  expect(ran.summary && summaryJson(ran.summary)).toMatchObject({ frozen: ['fit'] });
  expect(project.read(model)).toBe('a\n1\n');
});

test('every run warns, also one with nothing to do', async () => {
  using project = await frozenAfterRun();
  for (let runs = 0; runs < 4; runs++) expect((await project.run()).warnings).toEqual(['frozen']);
});

test('what only the frozen stage needs is not run, and its data may be missing', async () => {
  using project = await frozenAfterRun();
  rmSync(join(project.root, 'raw.txt'));
  rmSync(join(project.root, 'artifacts/pipeline/prepare'), { recursive: true });
  expect((await project.run({ patterns: ['score'] })).outcomes).toEqual({
    fit: 'up-to-date',
    score: 'up-to-date',
  });
});

test('changed or deleted outs are restored from the last result', async () => {
  using project = await frozenAfterRun();
  writeFileSync(join(project.root, model), 'edited');
  expect((await project.run({ patterns: ['score'] })).outcomes).toEqual({
    fit: 'restored',
    score: 'up-to-date',
  });
  rmSync(join(project.root, model));
  expect((await project.run({ patterns: ['score'] })).outcomes).toEqual({
    fit: 'restored',
    score: 'up-to-date',
  });
  expect(project.read(model)).toBe('a\n1\n');
});

test('without a result it is an error at `frozen`, before anything runs, with what to do', async () => {
  using project = inProcess();
  project.write({ 'raw.txt': 'a\n', 'pipeline.yaml': frozen });
  const message =
    'frozen: fit is frozen and has no result: take `frozen: true` out and run it with `pipeline run fit`';
  expect((await project.run()).problem).toBe(message);
  const foreseen = await project.ask((open) => open.dryRun(wholeRun));
  expect(foreseen.ok ? '' : JSON.stringify(foreseen.error)).toContain('is frozen and has no result');
  expect((await project.run({ patterns: ['prepare'] })).outcomes).toEqual({ prepare: 'ran' });
});

test('so it is where its result is no longer in the cache', async () => {
  using project = await frozenAfterRun();
  rmSync(join(project.root, 'cache/objects'), { recursive: true });
  expect((await project.run()).problem).toContain('is frozen and its last result is not in the cache');
});

test('status, a dry run and explain report it', async () => {
  using project = await frozenAfterRun();
  const status = await project.ask((open) => open.status({ patterns: [], mode: 'needs' }));
  expect(status.ok && statusText(status.value, { all: false, width: 100 })).toMatch(
    /fit +up to date +frozen: its last result is used/,
  );
  const foreseen = await project.ask((open) => open.dryRun(wholeRun));
  expect(foreseen.ok && foreseen.value.frozen).toEqual(['fit']);
  expect(foreseen.ok && forecastText(foreseen.value, noColors)).toContain(
    'frozen    fit  its last result is used',
  );
  const explained = await project.ask((open) => open.explain('fit'));
  expect(explained.ok && explanationText(explained.value)).toContain(
    'its stage is frozen: its last result is used, whatever changed since',
  );
});

test('explain shows changes since the result of a frozen stage, as far as they are known', async () => {
  using project = await frozenAfterRun();
  const text = async (instance: string): Promise<string> => {
    const explained = await project.ask((open) => open.explain(instance));
    return explained.ok ? explanationText(explained.value) : JSON.stringify(explained.error);
  };
  expect(await text('fit')).toContain('changed since, and ignored: params.p 1 → 2');
  expect(await text('score')).not.toContain('since');
  project.write({ 'pipeline.yaml': pipeline({ frozen: true }) });
  expect(await text('fit')).toContain('nothing changed since its last result');
  project.write({ 'artifacts/pipeline/prepare/o': 'edited' });
  expect(await text('fit')).toMatch(/changed since, and ignored: dep rows: content changed/);
  rmSync(join(project.root, 'artifacts/pipeline/prepare/o'));
  project.write({ 'pipeline.yaml': frozen });
  expect(await text('fit')).toContain('changed since, and ignored: params.p 1 → 2');
  expect(await text('fit')).toMatch(/the comparison with its last result is incomplete: .*prepare\/o/);
});

test('gc keeps the result of a frozen stage', async () => {
  using project = await frozenAfterRun();
  for (let runs = 0; runs < 3; runs++) await project.run({ patterns: ['prepare'] });
  await project.ask((open) => open.gc({ dryRun: false, keepRuns: 1 }));
  expect((await project.run()).outcomes).toMatchObject({ fit: 'up-to-date', score: 'up-to-date' });
});

test.each([
  ['--force', { force: true }],
  ['--adopt', { existingOuts: 'adopt' }],
  ['--overwrite', { existingOuts: 'overwrite' }],
] as const)('naming it with %s is refused; without names the others run', async (_, request) => {
  using project = await frozenAfterRun();
  expect((await project.run({ ...request, patterns: ['fit'] })).problem).toBe(
    'frozen: fit is frozen, so it does not run',
  );
  expect((await project.run(request)).outcomes['fit']).toBe('up-to-date');
});

test('unfrozen, it is up to date or reruns for its changes', async () => {
  using project = await frozenAfterRun();
  await project.run();
  project.write({ 'pipeline.yaml': pipeline() });
  expect((await project.run()).outcomes).toEqual({
    prepare: 'up-to-date',
    fit: 'up-to-date',
    score: 'up-to-date',
  });
  project.write({ 'pipeline.yaml': pipeline({ params: { p: 2 } }) });
  expect((await project.run()).outcomes).toMatchObject({ fit: 'ran', score: 'ran' });
});

test('a frozen stage that makes a list keeps the instances of the last list', async () => {
  using project = inProcess();
  const lists = (list: object, values: string): object => ({
    stages: {
      list: { cmd: `echo '${values}' > \${outs.l}`, outs: { l: 'l.json' }, ...list },
      part: { matrix: { p: { $from: 'list', out: 'l' } }, cmd: 'echo > ${outs.o}', outs: { o: 'o' } },
    },
  });
  project.write({ 'pipeline.yaml': lists({}, '["x", "y"]') });
  await project.run();
  project.write({ 'pipeline.yaml': lists({ frozen: true }, '["z"]') });
  expect((await project.run()).outcomes).toEqual({
    list: 'up-to-date',
    'part[x]': 'up-to-date',
    'part[y]': 'up-to-date',
  });
});

test('with cache: false there is no result to freeze', async () => {
  using project = inProcess();
  project.write({ 'raw.txt': '', 'pipeline.yaml': pipeline({ frozen: true, cache: false }) });
  expect((await project.run()).problem).toContain('frozen-uncached');
});
