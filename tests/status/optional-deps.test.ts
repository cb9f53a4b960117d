import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explanationText } from '../../src/runner/report/explanation-text.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';

const optional = { path: 'data/prior.txt', optional: true };
const pipeline = (prior: unknown = optional): object => ({
  stages: {
    fit: {
      cmd: 'printf "%s" "prior="${deps.prior} > ${outs.o}',
      deps: { rows: 'data/rows.txt', prior },
      outs: { o: 'o' },
    },
  },
});

/** A project whose optional file is missing. */
function withoutPrior(more: Readonly<Record<string, unknown>> = {}): InProcess {
  const project = inProcess();
  project.write({ 'data/rows.txt': 'x', 'pipeline.yaml': pipeline(), ...more });
  return project;
}

async function explained(project: InProcess): Promise<string> {
  const explanation = await project.ask((open) => open.explain('fit'));
  if (!explanation.ok) throw new Error(JSON.stringify(explanation.error));
  return explanationText(explanation.value);
}

test('a stage runs without an optional path, and reruns when it appears or disappears', async () => {
  using project = withoutPrior();
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read('artifacts/pipeline/fit/o')).toBe('prior=');
  expect((await project.run()).outcomes).toEqual({ fit: 'up-to-date' });

  project.write({ 'data/prior.txt': 'p' });
  expect(await explained(project)).toContain('dep prior: data/prior.txt was missing and now exists');
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read('artifacts/pipeline/fit/o')).toBe('prior=data/prior.txt');

  rmSync(join(project.root, 'data/prior.txt'));
  expect((await project.run()).outcomes).toEqual({ fit: 'restored' });
});

test('without a known result for the missing path, it runs when the path disappears', async () => {
  using project = withoutPrior({ 'data/prior.txt': 'p' });
  await project.run();
  rmSync(join(project.root, 'data/prior.txt'));
  expect(await explained(project)).toContain('dep prior: data/prior.txt existed and is now missing');
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
});

test('an empty file is not a missing one', async () => {
  using project = withoutPrior();
  await project.run();
  project.write({ 'data/prior.txt': '' });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
});

test('a run with nothing to do notices that an optional path appeared', async () => {
  using project = withoutPrior();
  for (let runs = 0; runs < 4; runs++) await project.run();
  project.write({ 'data/prior.txt': 'p' });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
});

test('a folder at an optional path counts by its content', async () => {
  using project = withoutPrior();
  await project.run();
  mkdirSync(join(project.root, 'data/prior.txt'));
  writeFileSync(join(project.root, 'data/prior.txt/part'), '1');
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  writeFileSync(join(project.root, 'data/prior.txt/part'), '2');
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
});

test.each(['data/prior.txt', 'data'])(
  'a dangling link is refused and does not count as missing: %s',
  async (link) => {
    using project = inProcess();
    project.write({ 'rows.txt': 'x' });
    if (link.includes('/')) mkdirSync(join(project.root, 'data'));
    symlinkSync('/mnt/not-mounted', join(project.root, link));
    const stages = {
      fit: { cmd: 'cat ${deps.prior} > ${outs.o}', deps: { prior: optional }, outs: { o: 'o' } },
    };
    project.write({ 'pipeline.yaml': { stages } });
    expect((await project.run()).problem).toContain(
      'is a symbolic link to /mnt/not-mounted, which does not exist',
    );
  },
);

test('a path that disappeared since the last result counts as missing', async () => {
  using project = withoutPrior({ 'data/prior.txt': 'p' });
  await project.run();
  rmSync(join(project.root, 'data/prior.txt'));
  expect((await project.run({ allowMissing: true })).outcomes).toEqual({ fit: 'ran' });
});

test('an optional path that another stage writes is read with `from`', async () => {
  using project = inProcess();
  project.write({
    'pipeline.yaml': {
      stages: {
        make: { cmd: 'echo > ${outs.o}', outs: { o: { path: 'data/prior.txt', workspace: true } } },
        fit: { cmd: 'cat ${deps.prior} > ${outs.o}', deps: { prior: optional }, outs: { o: 'o' } },
      },
    },
  });
  expect((await project.run()).problem).toContain('overlap: the dep prior of fit and the out o of make');
});

describe('a path that appears or is removed during a run', () => {
  const creates = 'P=data/prior; echo made > $P.txt';
  const other = (cmd: string, deps: object = {}): object => ({
    cmd: `${cmd}; echo > ${'${outs.o}'}`,
    deps: { rows: 'data/rows.txt', ...deps },
    outs: { o: 'o' },
  });
  const fit = (more: object = {}, before = ''): object => ({
    cmd: `${before}printf "%s" "prior="${'${deps.prior}'} > ${'${outs.o}'}`,
    deps: { prior: optional, ...more },
    outs: { o: 'o' },
  });
  const after = (stage: string): object => ({ first: { from: stage, out: 'o' } });

  test('before the stage starts counts', async () => {
    using project = withoutPrior({
      'pipeline.yaml': { stages: { other: other(creates), fit: fit(after('other')) } },
    });
    const run = await project.run();
    expect(run.warnings).toEqual([]);
    expect(project.read('artifacts/pipeline/fit/o')).toBe('prior=data/prior.txt');
    expect((await project.run()).outcomes).toEqual({ other: 'up-to-date', fit: 'up-to-date' });
  });

  test('also if it existed when the run started', async () => {
    using project = withoutPrior({
      'data/prior.txt': 'p',
      'pipeline.yaml': {
        stages: { other: other('P=data/prior; rm -f $P.txt'), fit: fit(after('other')) },
      },
    });
    await project.run();
    expect(project.read('artifacts/pipeline/fit/o')).toBe('prior=');
    expect((await project.run()).outcomes).toEqual({ other: 'up-to-date', fit: 'up-to-date' });
  });

  test('while the stage runs keeps the result out of the cache', async () => {
    using project = withoutPrior({ 'pipeline.yaml': { stages: { fit: fit({}, `${creates}; `) } } });
    expect((await project.run()).warnings).toEqual(['dep-changed']);
    expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  });

  test('after the stage is reported, and the next run reruns it', async () => {
    using project = withoutPrior({
      'pipeline.yaml': { stages: { fit: fit(), other: other(creates, after('fit')) } },
    });
    expect((await project.run()).warnings).toEqual(['dep-changed']);
    expect(project.read('artifacts/pipeline/fit/o')).toBe('prior=');
    expect((await project.run({ patterns: ['fit'] })).outcomes).toEqual({ fit: 'ran' });
    expect(project.read('artifacts/pipeline/fit/o')).toBe('prior=data/prior.txt');
  });
});

test('a model of the hub cannot be optional', async () => {
  using project = withoutPrior();
  const commit = '2eb15465c5dd7f72a8f7984306ad05ebc3dd1e1f';
  project.write({ 'pipeline.yaml': pipeline({ path: `hf:google/mt5-base@${commit}`, optional: true }) });
  expect((await project.run()).problem).toContain('bad-optional');
});

test('in a list of words a missing optional path is an empty word', async () => {
  using project = withoutPrior({
    'pipeline.yaml': {
      stages: {
        fit: {
          cmd: [
            'sh',
            '-c',
            'printf "[%s]" "$2" "$3" > "$1"',
            'sh',
            '${outs.o}',
            '${deps.prior}',
            '--prior=${deps.prior}',
          ],
          deps: { prior: optional },
          outs: { o: 'o' },
        },
      },
    },
  });
  await project.run();
  expect(project.read('artifacts/pipeline/fit/o')).toBe('[][--prior=]');
});

const program = (dep: string): string => `import { writeFileSync } from 'node:fs';
export const stage = {
  params: { type: 'object' },
  deps: ['${dep}'],
  outs: ['o'],
  async run({ deps, outs }) { writeFileSync(outs.o, String(deps.prior)); },
};
`;
const usesProgram = {
  stages: { fit: { uses: 'stages/fit.ts', deps: { prior: optional }, outs: { o: 'o' } } },
};

test('a stage program gets no path for a missing optional one', async () => {
  using project = withoutPrior({ 'stages/fit.ts': program('prior?'), 'pipeline.yaml': usesProgram });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
  expect(project.read('artifacts/pipeline/fit/o')).toBe('undefined');
  project.write({ 'data/prior.txt': 'p' });
  await project.run();
  expect(project.read('artifacts/pipeline/fit/o')).toBe('data/prior.txt');
});

test('a required dep of a stage program cannot be optional', async () => {
  using project = withoutPrior({ 'stages/fit.ts': program('prior'), 'pipeline.yaml': usesProgram });
  expect((await project.run()).problem).toBe(
    'optional-dep: stages/fit.ts needs the dep prior, which is optional here',
  );
});

test('a path that appears while the stage runs: the result is kept, and not cached', async () => {
  using project = withoutPrior();
  const cmd = 'echo "prior="${deps.prior} > ${outs.o} && echo p > data/prior.txt';
  project.write({
    'pipeline.yaml': { stages: { fit: { cmd, deps: { prior: optional }, outs: { o: 'o' } } } },
  });
  expect((await project.run()).warnings).toEqual(['dep-changed']);
  expect((await project.run()).outcomes).toEqual({ fit: 'ran' });
});
