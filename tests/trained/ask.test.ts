import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { Search } from '../../src/ml/generate/generation-options.ts';
import { answerAll } from '../../stages/answers/answer-all.ts';
import { programs } from '../rig/build-programs.ts';
import { createRig } from '../rig/rig.ts';
import { generationParams, nano, nanoPipeline } from './nano-project.ts';
import { shareCompiledModels } from '../runtime/share-compiled-models.ts';

shareCompiledModels();

const questions = ['What helps against cough?', '咳嗽怎么办？'];

/** What an evaluation with these settings writes. */
async function evaluated(search: Search, noRepeatNgram: number): Promise<readonly string[]> {
  const answers = await answerAll({
    base: nano,
    trained: nano,
    runtime: await openRuntime('onnx', { threads: 1 }),
    questions,
    params: { ...generationParams, noRepeatNgram },
    searches: [search],
    signal: new AbortController().signal,
    emit: () => undefined,
  });
  return answers.ok ? (answers.value[0] ?? []) : [answers.error];
}

const beams = (count: number): Search => ({
  kind: 'beam',
  beams: count,
  earlyStopping: true,
  lengthPenalty: 1,
  returned: 1,
});

test('a model answers as in its evaluation, alone, beside another, and line by line', async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': nanoPipeline });
  await rig.pipeline('run').result;
  const [question = ''] = questions;
  const [expected = ''] = await evaluated(beams(2), 3);
  expect(expected).not.toBe('');

  const alone = await rig.pipeline('ask', 'train:one', question).result;
  expect(alone).toMatchObject({ code: 0, stdout: `${expected}\n` });
  expect(alone.stderr).toMatch(/^(warning: an answer ended at 24 tokens, before it was complete\n)?$/);

  const both = await rig.pipeline('ask', 'train:one', question, '--compare', 'train:two').result;
  expect(both.stdout).toBe(`train[one]: ${expected}\ntrain[two]: ${expected}\n`);

  const greedy = await evaluated(beams(1), 0);
  const { main } = await programs();
  const piped = spawnSync(
    process.execPath,
    [main, 'ask', 'train:one', '--beams', '1', '--ngram', '0', '--json'],
    { cwd: rig.root, input: `${questions[0]}\n\n  ${questions[1]}\n`, encoding: 'utf8' },
  );
  expect(
    piped.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(
    questions.map((requested, index) => ({
      version: 1,
      question: requested,
      answers: [{ instance: 'train[one]', setting: 'beam search', answer: greedy[index] }],
    })),
  );

  const sampled = (temperature: number): Search => ({
    kind: 'sample',
    temperature,
    topK: 50,
    topP: 0.9,
    seed: 7,
  });
  const drawn = await rig.pipeline('ask', 'train:one', question, '--as', 'draw:one').result;
  expect(drawn.stdout).toBe(
    `temperature 0.7: ${(await evaluated(sampled(0.7), 0))[0]}\n` +
      `temperature 1.5: ${(await evaluated(sampled(1.5), 0))[0]}\n`,
  );
});

test('an instance that cannot answer is refused with what to do', async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': nanoPipeline });
  const refused = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await rig.pipeline('ask', ...words, 'why?').result;
    return { code, stdout, stderr };
  };
  expect(await refused('train:one')).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'error: artifacts/pipeline/train/one/model does not exist: create it with `pipeline run train:one`\n',
  });
  expect((await refused('eval:one')).stderr).toContain('eval[one] has no out of kind "model"');
  expect((await refused('train')).stderr).toContain('"train" selects 2 instances, expected one');
  expect((await refused('train:one', '--top-p', '1.5')).stderr).toContain('above 0 and at most 1');
  await rig.pipeline('run', 'train:one').result;
  const changed = nanoPipeline.stages.train;
  rig.write({
    'pipeline.yaml': {
      stages: { ...nanoPipeline.stages, train: { ...changed, params: { ...changed.params, new: 1 } } },
    },
  });
  const { code, stderr } = await rig.pipeline('ask', 'train:one', 'why?').result;
  expect([code, stderr.split('\n')[0]]).toEqual([
    0,
    'warning: train[one] is out of date: artifacts/pipeline/train/one/model is used anyway ' +
      '(update it with `pipeline run train:one`)',
  ]);
});
