import { fileProblemText } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import { fromMemory, loadAllFloat32 } from '../checkpoint/lazy-tensor.ts';
import { type Mt5Folder, openMt5Folder } from '../checkpoint/mt5-folder.ts';
import { type LoadedAdapter, mergedIntoBase, parameterOf, type Parameters } from './adapted-parameters.ts';
import { loadAdapter, shapesOf } from './trained-model.ts';

/** A model that needs no adapter: what `writeMt5Folder` writes. */
export interface MergedModel {
  readonly model: Mt5Folder;
  /**
   * What in the adapter is ignored, and where the merged model answers differently from the adapter, as in
   * peft.
   */
  readonly warnings: readonly string[];
}

/**
 * Merges an adapter into its base model, as peft's `merge_and_unload` (0.17.1). The error names what cannot
 * be merged: a bias of an update, for which a layer of a T5 has no parameter, and stacks whose embeddings
 * differ.
 */
export async function openMergedModel(base: string, adapter: string): Promise<Result<MergedModel>> {
  const folder = await openMt5Folder(base);
  if (!folder.ok) return { ok: false, error: fileProblemText(folder.error) };
  const { config } = folder.value;
  const loaded = await loadAdapter(adapter, config);
  if (!loaded.ok) return loaded;
  if (loaded.value.adapter.config.loraBias === true)
    return {
      ok: false,
      error: `${adapter}: lora_bias is true, but the linear layers of a T5 have no bias to merge it into`,
    };
  const weights = await loadAllFloat32(folder.value.tensors);
  if (!weights.ok) return { ok: false, error: fileProblemText(weights.error) };
  const parameters = mergedIntoBase(weights.value, config, loaded.value.adapter);
  const stacks = ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'].filter((name) =>
    parameters.has(name),
  );
  if (stacks.length > 0)
    return {
      ok: false,
      error:
        `${adapter}: holds embeddings of the ` +
        `${stacks.map((name) => name.split('.')[0]).join(' and the ')} only, but a model folder has ` +
        'one embedding for both',
    };
  const untied = withOwnHead(folder.value, parameters);
  const shapes = shapesOf(untied.parameters, untied.config);
  return {
    ok: true,
    value: {
      model: {
        ...folder.value,
        config: untied.config,
        tensors: fromMemory(
          new Map(
            [...untied.parameters].map(([name, data]) => [
              name,
              { dtype: 'float32', shape: shapes.get(name) ?? [], data },
            ]),
          ),
        ),
      },
      warnings: [
        ...loaded.value.warnings,
        ...differences(loaded.value.adapter, config).map((text) => `${adapter}: ${text}`),
      ],
    },
  };
}

/**
 * A tied head that has become one of its own. What scaled its input is multiplied into it, as untied heads
 * have no such factor.
 */
function withOwnHead(
  { config }: Mt5Folder,
  parameters: Parameters,
): { readonly config: Mt5Folder['config']; readonly parameters: Parameters } {
  const head = parameters.get('lm_head.weight');
  if (!config.tieWordEmbeddings || head === undefined) return { config, parameters };
  const factor = config.scaleDecoderOutputs ? config.dModel ** -0.5 : 1;
  const scaled = head.map((value) => value * factor);
  return {
    config: { ...config, tieWordEmbeddings: false, scaleDecoderOutputs: false },
    parameters: new Map([...parameters, ['lm_head.weight', scaled]]),
  };
}

/** Where peft merges into all uses of an embedding what it computed for one of them, or for none. */
function differences({ targets }: LoadedAdapter, config: Mt5Folder['config']): readonly string[] {
  const isShared = (module: string): boolean => parameterOf(config, module) === 'shared.weight';
  const merged = [
    ...targets.layers.map(({ module }) => module).filter(isShared),
    ...targets.tokens
      .filter(({ module, tied }) => isShared(module.name) && !tied)
      .map(({ module }) => module.name),
  ];
  return merged.map(
    (module) =>
      `its update of "${module}" is merged into every use of the embedding, as by peft's ` +
      'merge_and_unload: the merged model answers differently from the adapter',
  );
}
