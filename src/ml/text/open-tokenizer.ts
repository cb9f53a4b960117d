import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblem, type FileProblem, fileProblemText } from '../../files/file-problem.ts';
import { type Json, parseJson } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { makeTokenizer, type Tokenization, type TokenizerFiles } from './make-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * The tokenizer of a model folder as Hugging Face has them: mT5's and T5's, or BERT's. What is wrong names
 * the folder and the file.
 */
export async function openTokenizer(
  folder: string,
  { tokenization }: { readonly tokenization: Tokenization },
): Promise<Result<Tokenizer>> {
  const files = await readTokenizerFiles(folder);
  if (!files.ok) return files;
  const made = makeTokenizer(files.value, tokenization);
  return made.ok ? made : { ok: false, error: `${folder}: ${made.error}` };
}

/** The tokenizer settings of a folder. */
export async function readTokenizerFiles(folder: string): Promise<Result<TokenizerFiles>> {
  const problems: FileProblem[] = [];
  const bytesOf = async (name: string): Promise<Buffer | undefined> => {
    try {
      return await readFile(join(folder, name));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
        problems.push(fileProblem(join(folder, name), error));
      return undefined;
    }
  };
  const jsonOf = async (name: string): Promise<Json | undefined> => {
    const bytes = await bytesOf(name);
    if (bytes === undefined) return undefined;
    const json = parseJson(bytes.toString(), join(folder, name));
    if (!json.ok) problems.push(json.error);
    return json.ok ? json.value : undefined;
  };
  const files = {
    model: await bytesOf('spiece.model'),
    vocabulary: await bytesOf('vocab.txt'),
    tokenizer: await jsonOf('tokenizer.json'),
    config: await jsonOf('tokenizer_config.json'),
    specialTokensMap: await jsonOf('special_tokens_map.json'),
    addedTokens: await jsonOf('added_tokens.json'),
  };
  const [problem] = problems;
  return problem === undefined ? { ok: true, value: files } : { ok: false, error: fileProblemText(problem) };
}
