import { join } from 'node:path';
import type { FileProblem } from '../../files/file-problem.ts';
import { writeFileAtomically, writeFolderAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import {
  type AdapterConfig,
  adapterConfigFloats,
  adapterConfigJson,
  parseAdapterConfig,
} from './adapter-config.ts';
import { readFolderJson } from './folder-json.ts';
import type { LazyTensors } from './lazy-tensor.ts';
import { pythonJson } from './python-json.ts';
import { writeSafetensors } from './safetensors.ts';
import { openAdapterWeights } from './weights.ts';

/**
 * A LoRA as peft stores it. Names of tensors start with the name of the layer in the base model:
 * "encoder.block.0.layer.0.SelfAttention.q.lora_A.weight" [r, in] and ".lora_B.weight" [out, r], and for a layer that is
 * stored whole "lm_head.weight".
 */
export interface AdapterFolder {
  readonly config: AdapterConfig;
  readonly tensors: LazyTensors;
}

/** Opens an adapter folder of peft. Whether it fits a model is for those to say who have the model. */
export async function openAdapterFolder(folder: string): Promise<Result<AdapterFolder, FileProblem>> {
  const json = await readFolderJson(
    folder,
    'adapter_config.json',
    'an adapter folder as peft has them: adapter_config.json, and adapter_model.safetensors or adapter_model.bin',
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
  const tensors = new Map([...stored.value].map(([name, tensor]) => [ownName(name), tensor]));
  const problems = unpaired(tensors);
  return problems.length === 0
    ? { ok: true, value: { config: config.value, tensors } }
    : { ok: false, error: { path: folder, message: problems.join('\n') } };
}

/** Writes a folder that peft loads, complete or not at all; the path must be free. */
export function writeAdapterFolder(
  folder: string,
  { config, tensors }: AdapterFolder,
): Promise<Result<void, FileProblem>> {
  return writeFolderAtomically(folder, async (partial) => {
    const written = await writeFileAtomically(
      join(partial, 'adapter_config.json'),
      pythonJson(adapterConfigJson(config), adapterConfigFloats),
    );
    if (!written.ok) return written;
    return writeSafetensors(
      join(partial, 'adapter_model.safetensors'),
      new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor])),
    );
  });
}

/** PeftModel holds a LoraModel as `base_model`, which holds the model as `model`. */
const prefix = 'base_model.model.';

/** Some tools store the adapter's own name, which peft leaves out: "q.lora_A.default.weight". */
const ownName = (name: string): string =>
  name.slice(prefix.length).replace(/\.(lora_[AB])\.default\.weight$/, '.$1.weight');

/** A layer's update is B x A: each without the other, or of another rank, is no update. */
function unpaired(tensors: LazyTensors): readonly string[] {
  const layers = new Set(
    [...tensors.keys()].flatMap((name) => /^(.*)\.lora_[AB]\.weight$/.exec(name)?.[1] ?? []),
  );
  return [...layers].flatMap((layer) => {
    const [a, b] = [tensors.get(`${layer}.lora_A.weight`), tensors.get(`${layer}.lora_B.weight`)];
    if (a === undefined || b === undefined)
      return [`${layer} has ${a === undefined ? 'lora_B without lora_A' : 'lora_A without lora_B'}`];
    return a.shape.length === 2 && b.shape.length === 2 && a.shape[0] === b.shape[1]
      ? []
      : [
          `${layer} has lora_A [${a.shape.join(', ')}] and lora_B [${b.shape.join(', ')}]: expected [r, in] and [out, r]`,
        ];
  });
}
