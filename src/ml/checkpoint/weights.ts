import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { LazyTensors } from './lazy-tensor.ts';
import { openSafetensors } from './safetensors.ts';
import { openSharded } from './sharded.ts';
import { openTorchBin } from './torch-bin.ts';

/**
 * The weights of a model folder, in whichever form it has them; where it has several, in the form that
 * transformers takes.
 */
export async function openModelWeights(folder: string): Promise<Result<LazyTensors, FileProblem>> {
  const opened = await openFirst(folder, [
    'model.safetensors',
    'model.safetensors.index.json',
    'pytorch_model.bin',
    'pytorch_model.bin.index.json',
  ]);
  return opened.ok ? { ok: true, value: unwrapped(opened.value) } : opened;
}

/**
 * A state dict that was saved from DistributedDataParallel, torch.compile or both has their prefixes before
 * every name.
 */
function unwrapped(tensors: LazyTensors): LazyTensors {
  const prefix = ['module.', '_orig_mod.'].find(
    (each) => tensors.size > 0 && [...tensors.keys()].every((name) => name.startsWith(each)),
  );
  return prefix === undefined
    ? tensors
    : unwrapped(new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor])));
}

/** The weights of an adapter folder. */
export function openAdapterWeights(folder: string): Promise<Result<LazyTensors, FileProblem>> {
  return openFirst(folder, ['adapter_model.safetensors', 'adapter_model.bin']);
}

async function openFirst(
  folder: string,
  candidates: readonly string[],
): Promise<Result<LazyTensors, FileProblem>> {
  const names = await namesIn(folder);
  if (!names.ok) return names;
  const name = candidates.find((candidate) => names.value.includes(candidate));
  if (name === undefined)
    return {
      ok: false,
      error: {
        path: folder,
        message: `has no weights: expected one of ${candidates.join(', ')}${foreignHint(names.value)}`,
      },
    };
  const open = name.includes('.safetensors') ? openSafetensors : openTorchBin;
  return name.endsWith('.index.json') ? openSharded(join(folder, name), open) : open(join(folder, name));
}

async function namesIn(folder: string): Promise<Result<readonly string[], FileProblem>> {
  try {
    return { ok: true, value: await readdir(folder) };
  } catch (error) {
    return { ok: false, error: fileProblem(folder, error) };
  }
}

function foreignHint(names: readonly string[]): string {
  const foreign = names.filter((name) =>
    ['tf_model.h5', 'flax_model.msgpack', 'rust_model.ot', 'onnx'].includes(name),
  );
  return foreign.length === 0 ? '' : ` (${foreign.join(', ')} cannot be read)`;
}
