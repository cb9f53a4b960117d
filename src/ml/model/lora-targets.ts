import type { AdapterConfig } from '../checkpoint/adapter-config.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import type { Result } from '../../result.ts';
import { type AdapterTargets, adapterTargets } from './adapter-targets.ts';

/** What an adapter trains: its targets, without those that can only be loaded and merged. */
export type LoraTargets = Omit<AdapterTargets, 'tokens' | 'unmatched'>;

/**
 * The targets of an adapter that is trained: plain updates of linear layers, and modules that are trained
 * whole. The error names what can be loaded and merged but not trained.
 */
export function loraTargets(adapter: AdapterConfig, config: Mt5Config): Result<LoraTargets> {
  const targets = adapterTargets(adapter, config);
  if (!targets.ok) return targets;
  const { layers, saved, biases, unmatched } = targets.value;
  const problems = [...untrainable(adapter), ...unmatched];
  for (const { module, kind } of layers)
    if (kind === 'embedding')
      problems.push(
        `targetModules selects ${module}, which is an embedding: a ` +
          'LoRA can be trained over linear layers only',
      );
  for (const { name, kind } of saved)
    if (kind === 'embedding')
      problems.push(
        `modulesToSave selects ${name}, an embedding: it cannot be trained separately from the ` +
          "model's other uses of it",
      );
  const isTied =
    config.tieWordEmbeddings &&
    [...layers.map(({ module }) => module), ...saved.map(({ name }) => name)].includes('lm_head');
  if (isTied)
    problems.push(
      'targetModules or modulesToSave selects lm_head, which this model ties to the embedding: it ' +
        'cannot be trained separately',
    );
  return problems.length === 0
    ? { ok: true, value: { layers, saved, biases } }
    : { ok: false, error: problems.join('\n') };
}

/** Kinds of adapters that are loaded, evaluated and merged, but not trained. */
function untrainable(adapter: AdapterConfig): string[] {
  const kinds = {
    'init_lora_weights: pissa': adapter.initLoraWeights === 'pissa',
    'init_lora_weights: olora': adapter.initLoraWeights === 'olora',
    use_dora: adapter.useDora === true,
    lora_bias: adapter.loraBias === true,
    trainable_token_indices: adapter.trainableTokenIndices !== undefined,
  };
  return Object.entries(kinds).flatMap(([name, isOn]) =>
    isOn ? [`${name}: such an adapter can be evaluated and merged, but not trained`] : [],
  );
}
