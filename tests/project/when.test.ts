import { expect, test } from 'vitest';
import { inProcess } from '../rig/in-process.ts';

const pipeline = {
  vars: { ablation: true },
  stages: {
    fit: {
      matrix: { dataset: ['a', 'b', 'c'] },
      when: { dataset: { not: 'c' } },
      cmd: 'echo ${dataset} > ${outs.o}',
      outs: { o: 'o' },
    },
    extra: { when: { 'vars.ablation': true }, cmd: 'echo > ${outs.o}', outs: { o: 'o' } },
    all: {
      cmd: 'cat ${deps.parts} > ${outs.o}',
      deps: { parts: { from: 'fit', out: 'o', gather: true } },
      outs: { o: 'o' },
    },
  },
};

test('what is left out is neither run nor shown; what is added runs, and what gathers with it', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline });
  expect((await project.run()).outcomes).toEqual({
    'fit[a]': 'ran',
    'fit[b]': 'ran',
    extra: 'ran',
    all: 'ran',
  });
  expect(project.read('artifacts/pipeline/all/o')).toBe('a\nb\n');
  const graph = await project.ask((open) => open.graph({ patterns: [], mode: 'needs' }));
  expect(graph.ok && graph.value.instances.map(({ instance }) => instance)).toEqual([
    'fit[a]',
    'fit[b]',
    'extra',
    'all',
  ]);

  const { fit, extra, all } = pipeline.stages;
  project.write({
    'pipeline.yaml': {
      vars: { ablation: false },
      stages: { fit: { ...fit, when: { dataset: { not: 'a' } } }, extra, all },
    },
  });
  const status = await project.ask((open) => open.status({ patterns: [], mode: 'needs' }));
  expect(status.ok && status.value.instances.map(({ instance, state }) => [instance, state])).toEqual([
    ['fit[b]', 'up-to-date'],
    ['fit[c]', 'out-of-date'],
    ['all', 'waiting'],
  ]);
  expect(status.ok && status.value.unnamed.map(({ instance }) => instance)).toEqual(['extra', 'fit[a]']);
  expect((await project.run()).outcomes).toEqual({ 'fit[b]': 'up-to-date', 'fit[c]': 'ran', all: 'ran' });
  expect(project.read('artifacts/pipeline/all/o')).toBe('b\nc\n');
});

test('who asks for what is left out is told why', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline });
  const explained = await project.ask((open) => open.explain('fit[c]'));
  expect(explained.ok ? '' : JSON.stringify(explained.error)).toContain('left-out');
  expect((await project.run({ patterns: ['fit[c]'] })).problem).toContain(
    'left-out: fit[c] is left out: the stage has `when`: dataset is not c',
  );
});
