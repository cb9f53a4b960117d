import { type HostTensor, tensorOver, zeros } from '../../src/ml/checkpoint/host-tensor.ts';
import { fromMemory, type LazyTensor, type LazyTensors } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { type Mt5Config, parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import type { Mt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { mt5ParameterShapes } from '../../src/ml/checkpoint/mt5-parameters.ts';
import { parseGenerationConfig } from '../../src/ml/checkpoint/generation-config.ts';
import { valueOf } from './value-of.ts';

export const smallConfig = {
  d_model: 6,
  d_kv: 3,
  num_heads: 4,
  d_ff: 10,
  num_layers: 2,
  num_decoder_layers: 1,
  vocab_size: 20,
};

/** A model whose tensors all hold other numbers. */
export function smallModel(
  config: Readonly<Record<string, number | string | boolean>> = { model_type: 'mt5' },
): Mt5Folder {
  const parsed = valueOf(parseMt5Config({ ...smallConfig, ...config }, 'config.json'));
  const generation = valueOf(
    parseGenerationConfig(
      { eos_token_id: 1, pad_token_id: 0, decoder_start_token_id: 0, num_beams: 4, length_penalty: 2 },
      'generation_config.json',
    ),
  );
  return { config: parsed, generation, tensors: numbered(parsed), warnings: [] };
}

export function numbered(config: Mt5Config): LazyTensors {
  return fromMemory(
    new Map([...mt5ParameterShapes(config)].map(([name, shape], n) => [name, filled(shape, n + 1)])),
  );
}

export function filled(shape: readonly number[], value: number): HostTensor {
  const { data } = zeros('float32', shape);
  new Float32Array(data.buffer).fill(value);
  return tensorOver('float32', shape, data.buffer);
}

/** Without some names, and with others. */
export function changed(
  tensors: LazyTensors,
  without: readonly string[],
  more: Readonly<Record<string, LazyTensor | undefined>> = {},
): LazyTensors {
  const added = Object.entries(more).flatMap(([name, tensor]) =>
    tensor === undefined ? [] : [[name, tensor] as const],
  );
  return new Map([...[...tensors].filter(([name]) => !without.includes(name)), ...added]);
}
