import { join } from 'node:path';
import type { FileProblem } from '../../files/file-problem.ts';
import { writeFileAtomically, writeFolderAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import {
  type AdapterConfig,
  adapterConfigFloats,
  adapterConfigJson,
  adapterConfigWarnings,
  parseAdapterConfig,
} from './adapter-config.ts';
import { readFolderJson } from './folder-json.ts';
import type { LazyTensors } from './lazy-tensor.ts';
import { pythonJson } from './python-json.ts';
import { writeSafetensors } from './safetensors.ts';
import { openAdapterWeights } from './weights.ts';

/**
 * A LoRA as peft stores it. Names of tensors start with the name of the module in the base model. Of a linear
 * layer: "encoder.block.0.layer.0.SelfAttention.q.lora_A.weight" [r, in] and ".lora_B.weight" [out, r],
 * perhaps ".lora_B.bias" and ".lora_magnitude_vector" [out]; of an embedding "shared.lora_embedding_A" [r,
 * rows] and ".lora_embedding_B" [d, r]; of rows that are trained alone
 * "shared.token_adapter.trainable_tokens_delta"; of a module that is stored whole "lm_head.weight".
 */
export interface AdapterFolder {
  readonly config: AdapterConfig;
  readonly tensors: LazyTensors;
}

/** An opened adapter folder, with warnings about ignored fields. */
export interface OpenedAdapterFolder extends AdapterFolder {
  readonly warnings: readonly string[];
}

/** Opens an adapter folder of peft. Whether it fits a model is checked by the caller, who has the model. */
export async function openAdapterFolder(folder: string): Promise<Result<OpenedAdapterFolder, FileProblem>> {
  const json = await readFolderJson(
    folder,
    'adapter_config.json',
    'an adapter folder as peft has them: adapter_config.json, and ' +
      'adapter_model.safetensors or adapter_model.bin',
  );
  if (!json.ok) return json;
  const config = parseAdapterConfig(json.value, join(folder, 'adapter_config.json'));
  if (!config.ok) return config;
  const stored = await openAdapterWeights(folder);
  if (!stored.ok) return stored;
  const foreign = [...stored.value.keys()].filter((name) => !name.startsWith(prefix));
  if (foreign.length > 0)
    return {
      ok: false,
      error: {
        path: folder,
        message: `holds tensors whose names do not start with ${prefix}: ${foreign.slice(0, 5).join(', ')}`,
      },
    };
  const tensors = new Map(
    [...stored.value]
      .map(([name, tensor]) => [ownName(name), tensor] as const)
      .filter(([name]) => !usedInTrainingAlone.test(name)),
  );
  const problems = unpaired(tensors);
  return problems.length === 0
    ? { ok: true, value: { config: config.value, tensors, warnings: adapterConfigWarnings(json.value) } }
    : { ok: false, error: { path: folder, message: problems.join('\n') } };
}

/** Writes a folder that peft loads, complete or not at all; the path must be free. `card`: its README.md. */
export function writeAdapterFolder(
  folder: string,
  { config, tensors }: AdapterFolder,
  { card }: { readonly card?: string } = {},
): Promise<Result<void, FileProblem>> {
  return writeFolderAtomically(folder, async (partial) => {
    const written = await writeFileAtomically(
      join(partial, 'adapter_config.json'),
      pythonJson(adapterConfigJson(config), adapterConfigFloats),
    );
    if (!written.ok) return written;
    const described =
      card === undefined ? written : await writeFileAtomically(join(partial, 'README.md'), card);
    if (!described.ok) return described;
    return writeSafetensors(
      join(partial, 'adapter_model.safetensors'),
      new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor])),
    );
  });
}

/** PeftModel holds a LoraModel as `base_model`, which holds the model as `model`. */
const prefix = 'base_model.model.';

/**
 * Some tools store the adapter's own name, which peft leaves out: "q.lora_A.default.weight". The lengths of a
 * DoRA are stored with or without ".weight".
 */
const ownName = (name: string): string =>
  name
    .slice(prefix.length)
    .replace(/\.(lora_[AB])\.default\.(weight|bias)$/, '.$1.$2')
    .replace(
      /\.(lora_embedding_[AB]|lora_magnitude_vector|trainable_tokens_delta)\.default(\.weight)?$/,
      '.$1',
    )
    .replace(/\.lora_magnitude_vector\.weight$/, '.lora_magnitude_vector');

/** A projection of VeLoRA, which compresses what the backward pass keeps. */
const usedInTrainingAlone = /\.lora_velora_embed$/;

/** A layer's update is B x A: both factors must be present, with the same rank. */
function unpaired(tensors: LazyTensors): readonly string[] {
  const pairs = new Set(
    [...tensors.keys()].flatMap((name) => {
      const [, layer, kind, end] = /^(.*)\.(lora_(?:embedding_)?)[AB](\.weight)?$/.exec(name) ?? [];
      return layer === undefined ? [] : [`${layer}.${kind}|${end ?? ''}`];
    }),
  );
  return [...pairs].flatMap((pair) => {
    const [start = '', end = ''] = pair.split('|');
    const kind = start.slice(start.lastIndexOf('.') + 1);
    const layer = start.slice(0, -kind.length - 1);
    const [a, b] = [tensors.get(`${start}A${end}`), tensors.get(`${start}B${end}`)];
    if (a === undefined || b === undefined)
      return [`${layer} has ${a === undefined ? `${kind}B without ${kind}A` : `${kind}A without ${kind}B`}`];
    return a.shape.length === 2 && b.shape.length === 2 && a.shape[0] === b.shape[1]
      ? []
      : [
          `${layer} has ${kind}A [${a.shape.join(', ')}] and ${kind}B [${b.shape.join(', ')}]: ` +
            'expected [r, in] and [out, r]',
        ];
  });
}
