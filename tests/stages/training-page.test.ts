import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stage as measured } from '../../stages/train-measured.ts';
import { trainConfigOf, trainParamsSchema } from '../../stages/train/train-params.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/training.md'), 'utf8');

/** The rows of the table with this heading, each as its cells. */
function tableAt(heading: string): readonly (readonly string[])[] {
  const [, table = ''] = page.split(`| ${heading} |`);
  const rows = (table.split('\n\n')[0] ?? '').split('\n').slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const namesIn = (cell = ''): readonly string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);

test('the page lists every setting of a point, and no other', () => {
  expect(
    tableAt('setting | default | values | in transformers or peft')
      .flatMap(([first]) => namesIn(first))
      .sort(),
  ).toEqual(Object.keys(trainParamsSchema.properties.config.properties).sort());
});

test('the page lists every param, dep and out', () => {
  const params = tableAt('param | meaning').flatMap(([first]) =>
    namesIn(first?.replace('`train-measured` only', '')),
  );
  expect([...params].sort()).toEqual([...Object.keys(trainParamsSchema.properties), 'measure'].sort());
  const places = tableAt('dep, out | meaning').map(([first]) => first?.replaceAll('`', ''));
  expect(places).toEqual([
    ...measured.deps.map((dep) => `dep ${dep.replace('?', ' (optional)')}`),
    ...measured.outs.map((out) => `out ${out.replace('?', ' (optional)')}`),
  ]);
});

test('the defaults on the page are those of a training', () => {
  const [full, lora] = (['full', 'lora'] as const).map((method) =>
    trainConfigOf({
      config: { method, learningRate: 1, batch: 5 },
      prompt: '{human}',
      baseModel: 'a',
      sourceTokens: 1,
      targetTokens: 1,
      validation: 0,
      seed: 1,
      tokenization: 'sentencepiece',
      runtime: 'onnx',
    }),
  );
  const defaults = Object.fromEntries(
    tableAt('setting | default | values | in transformers or peft').map(([name, value]) => [
      namesIn(name)[0],
      value?.replaceAll('`', ''),
    ]),
  );
  const adapter = lora?.method.kind === 'lora' ? lora.method.adapter : undefined;
  expect(full).toMatchObject({
    length: { epochs: Number(defaults['epochs']) },
    accumulation: Number(defaults['accumulation']),
    accumulationRule: defaults['accumulationRule'],
    optimizer: { name: defaults['optimizer'] },
    schedule: { name: defaults['schedule'] },
  });
  expect(full).toMatchObject({
    warmup: { ratio: Number(defaults['warmupRatio']) },
    weightDecay: Number(defaults['weightDecay']),
    maxGradientNorm: Number(defaults['maxGradientNorm']),
    labelSmoothing: Number(defaults['labelSmoothing']),
  });
  expect(full).toMatchObject({
    gradientCheckpointing: defaults['gradientCheckpointing'] === 'true',
    groupByLength: defaults['groupByLength'] === 'true',
    evaluate: { epochs: 1 },
    checkpoint: { epochs: 1 },
    keepCheckpoints: Number(defaults['keepCheckpoints']),
    restoreBest: defaults['restoreBest'] === 'true',
    earlyStopping: null,
    evaluationBatch: 5,
  });
  expect(adapter).toMatchObject({
    r: Number(defaults['r']),
    loraAlpha: Number(defaults['alpha']),
    loraDropout: Number(defaults['dropout']),
    targetModules: ['q', 'v'],
    useRslora: defaults['rslora'] === 'true',
    bias: defaults['bias'],
    modulesToSave: [],
  });
});
