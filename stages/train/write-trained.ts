import type { FileProblem } from '../../src/files/file-problem.ts';
import { writeAdapterFolder } from '../../src/ml/checkpoint/adapter-folder.ts';
import type { LazyTensors } from '../../src/ml/checkpoint/lazy-tensor.ts';
import { type Mt5Folder, tokenizerFiles, writeMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { convertedTokenizer } from '../../src/ml/text/converted-tokenizer.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import type { Result } from '../../src/result.ts';

/**
 * Writes the trained tensors: a model folder with the base's tokenizer, which is self-contained, or an
 * adapter folder in peft's form.
 */
export async function writeTrained(
  path: string,
  base: string,
  { config, generation }: Mt5Folder,
  { method }: TrainConfig,
  { trained, card }: { readonly trained: LazyTensors; readonly card: string },
): Promise<Result<void, FileProblem>> {
  if (method.kind === 'lora')
    return writeAdapterFolder(path, { config: method.adapter, tensors: trained }, { card });
  const copies = await tokenizerFiles(base);
  if (!copies.ok) return copies;
  return writeMt5Folder(
    path,
    { config, generation, tensors: trained },
    { copies: copies.value, tokenizerJson: await convertedTokenizer(base), card },
  );
}
