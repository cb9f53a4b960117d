import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explanationText } from '../../src/runner/report/explanation-text.ts';
import { inProcess, type InProcess } from '../rig/in-process.ts';

const printing = (param: string): object => ({
  cmd: ['sh', '-c', 'echo "$1" > "$0"', '${outs.o}', '${params.p}'],
  params: { p: param },
  outs: { o: 'o' },
});

/** A project whose vars stand in a file, and that has run. */
async function withParams(): Promise<InProcess> {
  const project = inProcess();
  project.write({
    'params.yaml': 'rate: 1\nsize: 2\n',
    'pipeline.yaml': {
      vars: { $file: 'params.yaml' },
      stages: { fit: printing('${vars.rate}'), measure: printing('${vars.size}') },
    },
  });
  expect((await project.run()).outcomes).toEqual({ fit: 'ran', measure: 'ran' });
  return project;
}

test('a changed var of a file reruns only the stages that use it', async () => {
  using project = await withParams();
  project.write({ 'params.yaml': '# the same size\nrate: 5\nsize: 2\n' });
  const explained = await project.ask((open) => open.explain('fit'));
  expect(explained.ok && explanationText(explained.value)).toContain('params.p 1 → 5');
  expect((await project.run()).outcomes).toEqual({ fit: 'ran', measure: 'up-to-date' });
});

test('a run with nothing to do notices a change of the file', async () => {
  using project = await withParams();
  for (let runs = 0; runs < 4; runs++)
    expect((await project.run()).outcomes).toEqual({ fit: 'up-to-date', measure: 'up-to-date' });
  project.write({ 'params.yaml': 'rate: 1\nsize: 3\n' });
  expect((await project.run()).outcomes).toEqual({ fit: 'up-to-date', measure: 'ran' });
});

test('a missing file is an error at the place where it is named', async () => {
  using project = await withParams();
  project.write({ 'pipeline.yaml': { vars: { $file: 'other.yaml' }, stages: {} } });
  expect((await project.run()).problem).toBe('unreadable: other.yaml: no such file or folder');
});

test('a file outside the project is refused, also behind a link; links inside are followed', async () => {
  using project = await withParams();
  using elsewhere = inProcess();
  elsewhere.write({ 'params.yaml': 'rate: 1\nsize: 2\n' });
  project.write({ 'conf/params.yaml': 'rate: 1\nsize: 2\n' });
  const file = (name: string): object => ({
    vars: { $file: name },
    stages: { fit: printing('${vars.rate}'), measure: printing('${vars.size}') },
  });
  symlinkSync(join(elsewhere.root, 'params.yaml'), join(project.root, 'link.yaml'));
  symlinkSync(elsewhere.root, join(project.root, 'folder'));
  symlinkSync('conf', join(project.root, 'inside'));
  for (const name of ['link.yaml', 'folder/params.yaml']) {
    project.write({ 'pipeline.yaml': file(name) });
    expect((await project.run()).problem).toContain(
      `leaves-project: ${name} leads out of the project by a symbolic link, to ` +
        `${join(elsewhere.root, 'params.yaml')}`,
    );
  }
  project.write({ 'pipeline.yaml': file('inside/params.yaml') });
  expect((await project.run()).outcomes).toEqual({ fit: 'up-to-date', measure: 'up-to-date' });
});

test('a pipe is refused without blocking', async () => {
  using project = await withParams();
  execFileSync('mkfifo', [join(project.root, 'pipe.yaml')]);
  project.write({ 'pipeline.yaml': { vars: { $file: 'pipe.yaml' }, stages: {} } });
  expect((await project.run()).problem).toBe('unreadable: pipe.yaml: is not a file');
});
