import type { Result } from '../../result.ts';
import type { HubProblem } from './hub-fault.ts';

/**
 * Which files of a repository a model folder needs: configuration, tokenizer and weights, these in one form
 * alone, the first there is in the order in which transformers looks for them. Other frameworks' weights,
 * other precisions, pictures and pages stay where they are.
 */
export function modelFiles(names: readonly string[]): Result<readonly string[], HubProblem> {
  const weights =
    weightForms.map((form) => names.filter((name) => form.test(name))).find((files) => files.length > 0) ??
    [];
  const adapter = adapterForms.filter((name) => names.includes(name)).slice(0, 1);
  const configuration = configurationNames.filter((name) => names.includes(name));
  if (configuration.every((name) => name === 'generation_config.json'))
    return missingFile('config.json', names);
  if (weights.length + adapter.length === 0)
    return missingFile('model.safetensors or pytorch_model.bin', names);
  return {
    ok: true,
    value: [
      ...configuration,
      ...tokenizerNames.filter((name) => names.includes(name)),
      ...adapter,
      ...weights,
    ],
  };
}

const missingFile = (missing: string, found: readonly string[]): Result<never, HubProblem> => ({
  ok: false,
  error: { kind: 'no-model', missing, found },
});

const weightForms: readonly RegExp[] = [
  /^model\.safetensors$/,
  /^model(\.safetensors\.index\.json|-\d+-of-\d+\.safetensors)$/,
  /^pytorch_model\.bin$/,
  /^pytorch_model(\.bin\.index\.json|-\d+-of-\d+\.bin)$/,
];
const adapterForms: readonly string[] = ['adapter_model.safetensors', 'adapter_model.bin'];
const configurationNames: readonly string[] = [
  'config.json',
  'generation_config.json',
  'adapter_config.json',
];
const tokenizerNames: readonly string[] = [
  'spiece.model',
  'sentencepiece.bpe.model',
  'tokenizer.model',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
];
