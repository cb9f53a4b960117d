import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportModel } from '../../src/trained/export-model.ts';
import { fromPython, hasPackages } from './python.ts';

const nano = join(import.meta.dirname, '../../data/models/nano-mt5');
/** A folder in whose node_modules @huggingface/transformers is. */
const transformersJs = process.env['TRANSFORMERS_JS'];

const questions = ['medical question: What helps against cough?', '咳嗽怎么办？'];

const answersOfTransformers = `
import json, sys
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
folder, kind, questions = sys.argv[1], sys.argv[2], sys.argv[3:]
tokenizer = AutoTokenizer.from_pretrained(folder)
if kind == 'torch':
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
else:
    from optimum.onnxruntime import ORTModelForSeq2SeqLM
    model = ORTModelForSeq2SeqLM.from_pretrained(folder, subfolder='onnx', use_merged=kind == 'merged')
batch = tokenizer(questions, return_tensors='pt', padding=True)
print(json.dumps([model.generate(**batch, do_sample=False, max_new_tokens=24, num_beams=beams).tolist() for beams in (1, 4)]))
`;

const logitsOfBoth = `
import json, sys
import numpy, onnxruntime, torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
folder, questions = sys.argv[1], sys.argv[2:]
batch = AutoTokenizer.from_pretrained(folder)(questions, return_tensors='pt', padding=True)
target = torch.tensor([[0, 5, 6, 7], [0, 9, 8, 1]])
with torch.no_grad():
    expected = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()(**batch, decoder_input_ids=target).logits.numpy()
mask = batch['attention_mask'].numpy()
run = lambda name, feeds: onnxruntime.InferenceSession(f'{folder}/onnx/{name}.onnx').run(None, feeds)[0]
states = run('encoder_model', {'input_ids': batch['input_ids'].numpy(), 'attention_mask': mask})
found = run('decoder_model', {'input_ids': target.numpy(), 'encoder_hidden_states': states, 'encoder_attention_mask': mask})
print(json.dumps(float(numpy.abs(found - expected).max() / max(1, numpy.abs(expected).max()))))
`;

const check = `
import glob, json, sys, onnx
for path in glob.glob(sys.argv[1] + '/onnx/*.onnx'):
    onnx.checker.check_model(path, full_check=True)
print(json.dumps(sorted({node.domain for path in glob.glob(sys.argv[1] + '/onnx/*.onnx') for node in onnx.load(path).graph.node})))
`;

const answersOfTransformersJs = `
import { AutoModelForSeq2SeqLM, AutoTokenizer, env } from '@huggingface/transformers';
const [folder, name, ...questions] = process.argv.slice(1);
env.allowRemoteModels = false;
env.localModelPath = folder;
const tokenizer = await AutoTokenizer.from_pretrained(name);
const model = await AutoModelForSeq2SeqLM.from_pretrained(name, { dtype: 'fp32' });
const batch = await tokenizer(questions, { padding: true });
const ids = await model.generate({ ...batch, max_new_tokens: 24, num_beams: 1, do_sample: false });
console.log(JSON.stringify(ids.tolist().map((row) => row.map(Number))));
`;

/** What follows the end is padding in transformers; transformers.js goes on until the longest row ends. */
const untilEnd = (ids: readonly number[]): readonly number[] => ids.slice(0, ids.indexOf(1) + 1 || undefined);

describe('an exported model', () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'onnx-')), 'model');
  beforeAll(async () => {
    const exported = await exportModel({ base: nano, trained: nano, warnings: [] }, folder, [
      'transformers',
      'onnx',
    ]);
    if (!exported.ok) throw new Error(exported.error);
    expect(readdirSync(join(folder, 'onnx'))).toHaveLength(4);
  });

  test.skipIf(!hasPackages('onnx'))("passes onnx's checker, with standard operators only", () => {
    expect(fromPython(check, folder)).toEqual(['']);
  });

  test.skipIf(!hasPackages('torch', 'transformers', 'onnxruntime'))(
    'has the logits of transformers to 1e-5 in onnxruntime',
    () => {
      expect(fromPython(logitsOfBoth, folder, ...questions)).toBeLessThan(1e-5);
    },
  );

  const answers = (kind: string): unknown => fromPython(answersOfTransformers, folder, kind, ...questions);

  test.skipIf(!hasPackages('torch', 'transformers', 'optimum.onnxruntime'))(
    'generates in optimum what transformers generates, with and without the merged decoder',
    () => {
      const expected = answers('torch');
      expect(answers('merged')).toEqual(expected);
      expect(answers('separate')).toEqual(expected);
    },
  );

  test.skipIf(transformersJs === undefined || !hasPackages('torch', 'transformers'))(
    'generates greedily in transformers.js what transformers generates',
    () => {
      const printed = execFileSync(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          answersOfTransformersJs,
          dirname(folder),
          basename(folder),
          ...questions,
        ],
        { cwd: transformersJs, encoding: 'utf8' },
      );
      const [greedy] = answers('torch') as readonly (readonly number[][])[];
      expect(JSON.parse(printed).map(untilEnd)).toEqual(greedy?.map(untilEnd));
    },
  );
});
