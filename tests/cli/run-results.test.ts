import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { programs } from '../rig/build-programs.ts';
import { commandHere } from '../rig/command-here.ts';
import { createRig } from '../rig/rig.ts';

/** As a user runs it: the rig asks for --json. */
async function pipelineRun(folder: string, ...words: readonly string[]) {
  const { main } = await programs();
  const command = commandHere(dirname(main), ['run', ...words], { cwd: folder });
  const code = await command.code;
  return { code, stdout: command.stdout.text, stderr: command.stderr.text };
}

const tableAndModel = {
  'pipeline.yaml': {
    stages: {
      a: { cmd: 'echo 1 > ${outs.o}', outs: { o: 'o' } },
      b: {
        cmd: 'printf "| score |\\n| 0.5\\\\* |\\n" > ${outs.scores}; echo 2 > ${outs.page}',
        deps: { o: { from: 'a', out: 'o' } },
        outs: { scores: { path: 'scores.md', kind: 'table' }, page: 'page.html' },
      },
    },
  },
};
const shown =
  '| score |\n| 0.5* |\n\n  page    artifacts/pipeline/b/page.html\n' +
  '  scores  artifacts/pipeline/b/scores.md\n';

test('results go to stdout and progress to stderr, also with nothing to run, remembered or not', async () => {
  await using rig = await createRig();
  rig.write(tableAndModel);
  for (const progress of ['2 ran', 'everything is up to date', 'everything is up to date']) {
    const run = await pipelineRun(rig.root);
    expect(run).toMatchObject({ code: 0, stdout: shown });
    expect(run.stderr).toContain(progress);
    expect(run.stderr).not.toContain('page.html');
  }
});

test('with --json, stdout contains only the document', async () => {
  await using rig = await createRig();
  rig.write(tableAndModel);
  const { stdout, stderr } = await pipelineRun(rig.root, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ ran: ['a', 'b'] });
  expect(stderr).not.toContain('page.html');
});

test('a failed run prints no results', async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': { stages: { a: { cmd: 'echo 1 > ${outs.o}; exit 1', outs: { o: 'o' } } } } });
  expect(await pipelineRun(rig.root)).toMatchObject({ code: 1, stdout: '' });
});
