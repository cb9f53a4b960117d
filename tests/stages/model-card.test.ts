import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { digestOf } from '../../src/files/digest.ts';
import { stage } from '../../stages/model-card.ts';
import { modelCard } from '../../stages/train/model-card.ts';
import { evaluation } from './results.ts';
import { trainedLora } from './trained-lora.ts';

const frontMatter = (card: string): unknown => parse(/^---\n(.*?)\n---\n/s.exec(card)?.[1] ?? '');

test('the card of an adapter names its base, data and settings, and what it is not for', () => {
  const card = modelCard(trainedLora);
  expect(frontMatter(card)).toEqual({
    library_name: 'peft',
    base_model: 'google/mt5-base',
    base_model_relation: 'adapter',
    tags: ['mt5', 'lora', 'question-answering', 'research-only'],
  });
  for (const part of [
    '# LoRA adapter of mt5-base',
    'not medical advice',
    '## Intended use',
    '`google/mt5-base` at revision `2eb15465c5dd7f72a8f7984306ad05ebc3dd1e1f`',
    '24,576 of 1,140,480 parameters',
    'Rows of a question and an answer: 260 for training and\n28 for validation',
    digestOf('rows'),
    '"learningRate": 0.002',
    'PeftModel.from_pretrained(base, "FOLDER")',
    'None are given yet.',
  ])
    expect(card).toContain(part);
});

test('a base that is not on the hub is not in the front matter, which the hub would refuse', () => {
  const card = modelCard({
    ...trainedLora,
    params: { ...trainedLora.params, baseModel: 'data/models/nano-mt5' },
  });
  expect(frontMatter(card)).not.toHaveProperty('base_model');
  expect(card).toContain('`data/models/nano-mt5` (a name in the project that trained it)');
});

test('a fully trained model has no base, and one without steps is called untrained', () => {
  const full = {
    ...trainedLora,
    params: { ...trainedLora.params, config: { ...trainedLora.params.config, method: 'full' } },
  } as const;
  expect(frontMatter(modelCard(full))).toMatchObject({
    library_name: 'transformers',
    base_model_relation: 'finetune',
  });
  expect(modelCard(full)).toContain('AutoModelForSeq2SeqLM.from_pretrained("FOLDER")');
  expect(modelCard({ ...trainedLora, steps: 0 })).toContain('# mt5-base, not trained');
});

test('scores are added on publication: a table, and the model-index of the hub', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'model-card-'));
  try {
    await writeFile(join(folder, 'README.md'), modelCard(trainedLora));
    await writeFile(join(folder, 'metrics.json'), JSON.stringify(evaluation({ rougeL: 0.731 })));
    const context = (model: string) => ({
      params: { name: 'nano: "one"', dataset: 'AIMC, test rows' },
      deps: { model, evaluation: join(folder, 'metrics.json') },
      gathered: { model: [], evaluation: [] },
      outs: { card: join(folder, 'card.md') },
      scratch: folder,
      cpus: 1,
      device: 'cpu' as const,
      signal: new AbortController().signal,
      emit: () => undefined,
    });
    expect(await stage.run(context(folder))).toBeUndefined();
    const card = await readFile(join(folder, 'card.md'), 'utf8');
    expect(frontMatter(card)).toMatchObject({
      base_model: 'google/mt5-base',
      'model-index': [
        {
          name: 'nano: "one"',
          results: [
            {
              task: { type: 'question-answering' },
              dataset: { name: 'AIMC, test rows' },
              metrics: [{ type: 'rouge-l', value: 0.731, name: 'ROUGE-L' }, { value: 0.5 }, {}, {}, {}],
            },
          ],
        },
      ],
    });
    expect(card).toContain('| ROUGE-L | 0.731 | 0.400 to 0.600 | bootstrap-t |');
    expect(card).not.toContain('None are given yet.');
    await writeFile(join(folder, 'README.md'), card);
    expect(await stage.run(context(folder))).toMatchObject({
      ok: false,
      error: expect.stringContaining('has no front matter, or scores already'),
    });
    expect(await stage.run(context(join(folder, 'nowhere')))).toMatchObject({ ok: false });
  } finally {
    await rm(folder, { recursive: true });
  }
});
