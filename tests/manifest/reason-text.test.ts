import { expect, test } from 'vitest';
import { differences } from '../../src/runner/manifest/differences.ts';
import type { DependencyDigest, Manifest } from '../../src/runner/manifest/manifest.ts';
import { reasonText } from '../../src/runner/report/reason-text.ts';
import type { Reason } from '../../src/runner/manifest/reason.ts';
import { digestOf } from '../../src/files/digest.ts';
import { commandManifest, file, usesManifest } from './manifests.ts';

const shown = (before: Manifest, after: Manifest): readonly string[] =>
  differences(before, after).map(reasonText);
const uses = (change: Partial<Manifest>): readonly string[] =>
  shown(usesManifest, { ...usesManifest, ...change });
const params = (change: Manifest['params']): readonly string[] =>
  uses({ params: { ...usesManifest.params, ...change } });
const deps = (change: Record<string, DependencyDigest>): readonly string[] =>
  uses({ deps: { ...usesManifest.deps, ...change } });
const program = (change: object): readonly string[] =>
  shown(commandManifest, {
    ...commandManifest,
    program: { ...commandManifest.program, ...change } as Manifest['program'],
  });
const lora = { axes: { config: { name: 'lora', r: 8 }, dataset: 'aimc' }, content: file('one') };
const full = { axes: { config: { name: 'full' }, dataset: 'aimc' }, content: file('two') };
const short = (text: string): string => digestOf(text).slice(0, 8);
const prompt =
  'a prompt so long that the part of it that changed would not be seen if only its beginning were shown: ';

test.each<readonly [readonly string[], readonly string[]]>([
  [params({ seed: 43 }), ['params.seed 42 → 43']],
  [params({ seed: '42' }), ['params.seed 42 → "42"']],
  [
    params({ shuffle: false, schedule: 'cosine' }),
    ['params.schedule null → "cosine"', 'params.shuffle true → false'],
  ],
  [
    params({ config: { learningRate: 0.002, method: 'lora', targets: ['q', 'v'] } }),
    ['params.config.learningRate 0.001 → 0.002'],
  ],
  [
    params({ config: { learningRate: 0.001, method: 'lora', targets: ['q', 'v', 'o'] } }),
    ['params.config.targets ["q","v"] → ["q","v","o"]'],
  ],
  [
    params({ config: { method: 'lora', targets: ['q', 'v'], r: 8 } }),
    ['params.config.learningRate removed (it was 0.001)', 'params.config.r added: 8'],
  ],
  [
    params({ config: 'lora' }),
    ['params.config {"learningRate":0.001,"method":"lora","targets":["q","v"]} → "lora"'],
  ],
  [params({ 'a b': 1 }), ['params."a b" added: 1']],
  [
    shown(
      { ...usesManifest, params: { prompt: `${prompt}one` } },
      { ...usesManifest, params: { prompt: `${prompt}two` } },
    ),
    ['params.prompt …ginning were shown: one" → …ginning were shown: two"'],
  ],
  [
    deps({ train: { kind: 'content', name: null, content: file('new rows') } }),
    [`dep train: content changed (${short('rows')} → ${short('new rows')})`],
  ],
  [
    deps({
      train: { kind: 'content', name: null, content: { form: 'executable', digest: file('rows').digest } },
    }),
    ['dep train: a file → an executable file'],
  ],
  [
    deps({
      base: { kind: 'content', name: 'mt5-base', content: { form: 'folder', digest: digestOf('folder') } },
    }),
    ['dep base: file name nano-mt5 → mt5-base'],
  ],
  [deps({ more: { kind: 'content', name: 'x', content: file('x') } }), ['dep more: added']],
  [deps({ base: { kind: 'absent' } }), ['dep base: it existed and is now missing']],
  [deps({ base: { kind: 'files', files: [] } }), ['dep base: declared in another way']],
  [deps({ runs: { kind: 'gather', members: [lora] } }), ['dep runs: [full,aimc] removed']],
  [
    deps({
      runs: {
        kind: 'gather',
        members: [
          lora,
          { ...full, content: file('three') },
          { axes: { config: 'x', dataset: null }, content: file('x') },
        ],
      },
    }),
    ['dep runs: [x,null] added, content of [full,aimc] changed'],
  ],
  [
    deps({
      runs: {
        kind: 'gather',
        members: Array.from({ length: 9 }, (_, index) => ({ axes: { i: index }, content: file('x') })),
      },
    }),
    ['dep runs: [0] added, [1] added, [2] added and 8 more'],
  ],
  [uses({ outs: { model: 'weights', log: 'log.jsonl' } }), ['out model: model → weights']],
  [uses({ outs: { log: 'log.jsonl', model: 'model', page: 'page.html' } }), ['out page: added: page.html']],
  [uses({ env: { SEED: digestOf('2'), TOKEN: null } }), ['env SEED: digest 6b86b273 → digest d4735e3a']],
  [
    uses({ env: { SEED: null, TOKEN: digestOf('') } }),
    ['env SEED: digest 6b86b273 → unset', 'env TOKEN: unset → digest e3b0c442'],
  ],
  [uses({ env: { SEED: digestOf('1') } }), ['env TOKEN: unset → not declared']],
  [uses({ platform: { os: 'linux', arch: 'x64', node: '22' } }), ['platform node 20 → 22']],
  [uses({ format: '2' }), ['the runner changed: manifest format "1, esbuild 0.28.2" → 2']],
  [
    uses({
      program: { kind: 'uses', bundle: digestOf('new'), packages: { 'onnxruntime-node': '1.30.0 bbbb' } },
    }),
    [`code changed (${short('bundle')} → ${short('new')})`, 'package onnxruntime-node 1.29.0 → 1.30.0'],
  ],
  [
    uses({
      program: {
        kind: 'uses',
        bundle: digestOf('bundle'),
        packages: { 'onnxruntime-node': '1.29.0 bbbb', '@node-rs/jieba': '2.0.3 c' },
      },
    }),
    [
      'package onnxruntime-node 1.29.0: its files or its dependencies changed',
      'package @node-rs/jieba 2.0.3 added',
    ],
  ],
  [
    uses({ program: { kind: 'uses', bundle: digestOf('bundle'), packages: {} } }),
    ['package onnxruntime-node 1.29.0 removed'],
  ],
  [uses({ program: commandManifest.program }), ['kind of program changed (uses and cmd)']],
  [
    program({ code: { 'train.py': digestOf('import jax'), 'model.py': digestOf('') } }),
    [`code train.py changed (${short('import torch')} → ${short('import jax')})`, 'code model.py added'],
  ],
  [
    program({ executable: digestOf('python 3.13') }),
    [`the program that the command starts changed (${short('python')} → ${short('python 3.13')})`],
  ],
  [
    program({ words: ['argv', ['python'], ['eval.py']] }),
    ['command python train.py ${deps.train} --out=${outs.model} → python eval.py'],
  ],
])('%#: %j', (texts, expected) => {
  expect(texts).toEqual(expected);
});

test.each<readonly [Reason, string]>([
  [{ kind: 'no-result' }, 'no result yet'],
  [{ kind: 'forced' }, 'forced'],
  [{ kind: 'failed-before' }, 'the last attempt failed'],
  [{ kind: 'interrupted-before' }, 'the last attempt was interrupted'],
  [{ kind: 'evicted' }, 'its result is no longer in the cache'],
  [{ kind: 'not-cached' }, 'the stage has `cache: false`'],
  [
    { kind: 'damaged', object: digestOf('x'), path: 'model/weights.bin' },
    'the cached model/weights.bin is missing or damaged (object 2d711642)',
  ],
  [
    {
      kind: 'changed',
      field: ['deps', 'raw', 'digest'],
      before: 'a',
      after: 'b',
      files: [{ kind: 'changed', path: 'rows/7.jsonl' }],
    },
    'dep raw: rows/7.jsonl changed',
  ],
  [
    {
      kind: 'changed',
      field: ['deps', 'raw', 'digest'],
      before: 'a',
      after: 'b',
      files: [
        { kind: 'added', path: 'a b' },
        { kind: 'removed', path: 'c' },
        { kind: 'changed', path: 'd' },
        { kind: 'changed', path: 'e' },
        { kind: 'changed', path: 'f' },
      ],
    },
    'dep raw: "a b" added, c removed, d changed and 2 more',
  ],
])('%j', (reason, text) => {
  expect(reasonText(reason)).toBe(text);
});
