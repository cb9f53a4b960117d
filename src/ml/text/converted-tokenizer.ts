import { readTokenizerFiles } from './open-tokenizer.ts';
import { readModelProto } from './sentencepiece/model-proto.ts';
import { t5TokenizerJson } from './transformers/t5-tokenizer-json.ts';
import { readTokenizerConfig } from './transformers/tokenizer-config.ts';

/**
 * The text of the tokenizer.json that a folder of a T5 lacks; undefined if it has one, or nothing to make it
 * from.
 */
export async function convertedTokenizer(folder: string): Promise<string | undefined> {
  const files = await readTokenizerFiles(folder);
  if (!files.ok || files.value.tokenizer !== undefined || files.value.model === undefined) return undefined;
  const [config, proto] = [readTokenizerConfig(files.value), readModelProto(files.value.model)];
  if (!config.ok || !proto.ok) return undefined;
  const json = t5TokenizerJson(proto.value, config.value);
  return json.ok ? `${JSON.stringify(json.value, undefined, 2)}\n` : undefined;
}
