import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileProblemText } from '../files/file-problem.ts';
import { type Mt5Folder, openMt5Folder, tokenizerFiles } from '../ml/checkpoint/mt5-folder.ts';
import { openMergedModel } from '../ml/model/merged-model.ts';
import { convertedTokenizer } from '../ml/text/converted-tokenizer.ts';
import type { Result } from '../result.ts';
import type { ModelFolders } from './open-model.ts';

/** A model that needs no other: an adapter is merged into its base. */
export interface WholeModel {
  readonly model: Mt5Folder;
  /** The files of its tokenizer, and the tokenizer.json that they lack. */
  readonly tokenizer: { readonly copies: readonly string[]; readonly tokenizerJson: string | undefined };
  readonly warnings: readonly string[];
}

/** Opens a trained model; an adapter (adapter_config.json) is merged into `base`. */
export async function openWholeModel({ base, trained }: ModelFolders): Promise<Result<WholeModel>> {
  const isAdapter = existsSync(join(trained, 'adapter_config.json'));
  const opened = isAdapter ? await openMergedModel(base, trained) : await openAlone(trained);
  if (!opened.ok) return opened;
  const home = isAdapter ? base : trained;
  const copies = await tokenizerFiles(home);
  if (!copies.ok) return { ok: false, error: fileProblemText(copies.error) };
  return {
    ok: true,
    value: {
      ...opened.value,
      tokenizer: { copies: copies.value, tokenizerJson: await convertedTokenizer(home) },
    },
  };
}

async function openAlone(folder: string): Promise<Result<Pick<WholeModel, 'model' | 'warnings'>>> {
  const model = await openMt5Folder(folder);
  return model.ok
    ? { ok: true, value: { model: model.value, warnings: model.value.warnings } }
    : { ok: false, error: fileProblemText(model.error) };
}
