import { expect, test } from 'vitest';
import { inProcess } from '../rig/in-process.ts';
import { createRig } from '../rig/rig.ts';

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

test('excluded instances are neither run nor shown; added ones run, and what gathers them', async () => {
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

test('selecting an excluded instance is refused with the reason', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': pipeline });
  const explained = await project.ask((open) => open.explain('fit[c]'));
  expect(explained.ok ? '' : JSON.stringify(explained.error)).toContain('left-out');
  expect((await project.run({ patterns: ['fit[c]'] })).problem).toContain(
    'left-out: fit[c] is left out: the stage has `when`: dataset is not c',
  );
});

test('graphs show excluded and frozen instances, in each format', async () => {
  await using rig = await createRig();
  const { fit, all } = pipeline.stages;
  rig.write({ 'pipeline.yaml': { stages: { fit: { ...fit, frozen: true }, all } } });
  const graph = async (...words: readonly string[]) => (await rig.pipeline('graph', ...words).result).stdout;
  expect(await graph()).toBe(
    'fit[a]  (frozen)\nfit[b]  (frozen)\nall\n  ← fit[a]\n  ← fit[b]\n' +
      'fit[c]  (left out: its stage has when: dataset is not c)\n',
  );
  const mermaid = await graph('--format', 'mermaid');
  expect(mermaid).toContain('n0["fit[a] (frozen)"]');
  expect(mermaid).toContain('n3["fit[c] (left out)"]\n  style n3 stroke-dasharray: 4 4\n');
  const dot = await graph('--format', 'dot');
  expect(dot).toContain('"fit[a]" [label="fit[a]\\nfrozen", style=solid];');
  expect(dot).toContain('"fit[c]" [label="fit[c]\\nleft out", style=dotted];');
  const json = JSON.parse(await graph('--json'));
  expect(json.instances[0]).toMatchObject({ instance: 'fit[a]', frozen: true });
  expect(json.leftOut).toMatchObject([{ instance: 'fit[c]', stage: 'fit' }]);
});
