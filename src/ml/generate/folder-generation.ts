import {
  foreignFields,
  foreignSamplingFields,
  type GenerationConfig,
} from '../checkpoint/generation-config.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { shownJson } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import type { GenerationOptions } from './generation-options.ts';

/** What the caller of a search says; all else is as the model's folder has it. */
export type AskedGeneration = Pick<GenerationOptions, 'maxLength' | 'noRepeatNgramSize' | 'search'>;

/**
 * How a model's folder wants sequences to be generated, under what was asked for: as `generate` of transformers (4.57.1)
 * takes what its caller leaves open from generation_config.json. What changes the result there and cannot be done here is
 * refused by its name. A folder that names no end or start has those of its config.json.
 */
export function folderGeneration(
  asked: AskedGeneration,
  generation: GenerationConfig,
  model: Mt5Config,
): Result<GenerationOptions> {
  const foreign =
    asked.search.kind === 'sample' ? { ...foreignFields, ...foreignSamplingFields } : foreignFields;
  const problems = Object.entries(foreign).flatMap(([name, off]) => {
    const value = generation.other[name] ?? null;
    return value === null || value === off
      ? []
      : [`${name} is ${shownJson(value)}, which cannot be done here: expected it to be left out`];
  });
  const { maxNewTokens } = generation;
  // It counts without the decoder's start, and the caller's length is no bound beside it: there, answers would be shorter or longer.
  if (maxNewTokens !== null && maxNewTokens + 1 !== asked.maxLength)
    problems.push(
      `max_new_tokens is ${maxNewTokens}, which transformers puts before the length that it is asked for (${asked.maxLength}, with the decoder's start): expected it to be left out, or to be ${asked.maxLength - 1}`,
    );
  if (problems.length > 0) return { ok: false, error: `generation_config.json: ${problems.join('; ')}` };
  return {
    ok: true,
    value: {
      ...asked,
      // `min_length` counts the decoder's start, and does not count beside `min_new_tokens`.
      minNewTokens: generation.minNewTokens ?? Math.max(0, generation.minLength - 1),
      repetitionPenalty: generation.repetitionPenalty,
      badWords: generation.badWordsIds,
      startTokenId: generation.decoderStartTokenId ?? model.decoderStartTokenId,
      endTokenIds: generation.eosTokenIds.length === 0 ? [model.eosTokenId] : generation.eosTokenIds,
    },
  };
}
