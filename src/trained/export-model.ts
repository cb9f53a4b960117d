import { fileProblemText, type FileProblem } from '../files/file-problem.ts';
import { writeFolderAtomically } from '../files/write-atomically.ts';
import { writeMt5Settings, writeMt5Weights } from '../ml/checkpoint/mt5-folder.ts';
import type { Result } from '../result.ts';
import type { ModelFolders } from './open-model.ts';
import { openWholeModel, type WholeModel } from './whole-model.ts';

/**
 * The formats that are written besides configuration and tokenizer: the weights for transformers, graphs for
 * ONNX runtimes.
 */
type ExportedForm = 'transformers' | 'onnx';

/** Writes a self-contained model into a new folder, atomically; returns notes for people. */
export async function exportModel(
  folders: ModelFolders,
  folder: string,
  forms: readonly ExportedForm[],
): Promise<Result<readonly string[]>> {
  const whole = await openWholeModel(folders);
  if (!whole.ok) return whole;
  const { model, tokenizer, warnings } = whole.value;
  const dtype = [...model.tensors.values()][0]?.dtype ?? 'float32';
  const written = await writeFolderAtomically(folder, async (partial) => {
    const settings = await writeMt5Settings(partial, { ...model, dtype }, tokenizer);
    if (!settings.ok) return settings;
    for (const form of forms) {
      const filled = await writeForm(partial, model, form);
      if (!filled.ok) return filled;
    }
    return { ok: true, value: undefined };
  });
  return written.ok
    ? { ok: true, value: warnings }
    : { ok: false, error: fileProblemText({ ...written.error, path: folder }) };
}

async function writeForm(
  folder: string,
  model: WholeModel['model'],
  form: ExportedForm,
): Promise<Result<void, FileProblem>> {
  switch (form) {
    case 'transformers':
      return writeMt5Weights(folder, model.tensors);
    case 'onnx':
      return (await import('./onnx/write-onnx-files.ts')).writeOnnxFiles(folder, model);
  }
}
