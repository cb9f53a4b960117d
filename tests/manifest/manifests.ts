import { digestOf } from '../../src/files/digest.ts';
import type { Content, Manifest } from '../../src/runner/manifest/manifest.ts';

export const file = (text: string): Content => ({ form: 'file', digest: digestOf(text) });

/** A manifest that has something in every field. */
export const usesManifest: Manifest = {
  format: '1, esbuild 0.28.2',
  program: { kind: 'uses', bundle: digestOf('bundle'), packages: { 'onnxruntime-node': '1.29.0 aaaa' } },
  params: {
    config: { learningRate: 0.001, method: 'lora', targets: ['q', 'v'] },
    prompt: 'medical question: {human}',
    seed: 42,
    schedule: null,
    shuffle: true,
  },
  deps: {
    base: { kind: 'content', name: 'nano-mt5', content: { form: 'folder', digest: digestOf('folder') } },
    train: { kind: 'content', name: null, content: file('rows') },
    runs: {
      kind: 'gather',
      members: [
        { axes: { config: { name: 'lora', r: 8 }, dataset: 'aimc' }, content: file('one') },
        { axes: { config: { name: 'full' }, dataset: 'aimc' }, content: file('two') },
      ],
    },
  },
  outs: { log: 'log.jsonl', model: 'model' },
  env: { SEED: digestOf('1'), TOKEN: null },
  platform: { os: 'linux', arch: 'x64', node: '20' },
};

export const commandManifest: Manifest = {
  format: '1',
  program: {
    kind: 'command',
    words: ['argv', ['python'], ['train.py'], [{ dep: 'train' }], ['--out=', { out: 'model' }]],
    executable: digestOf('python'),
    code: { 'train.py': digestOf('import torch') },
  },
  params: {},
  deps: {
    train: { kind: 'content', name: 'rows.jsonl', content: { form: 'executable', digest: digestOf('rows') } },
  },
  outs: { model: 'model.pt' },
  env: {},
  platform: { os: 'linux', arch: 'x64' },
};
