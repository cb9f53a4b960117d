import { tokenizeSources } from '../../src/ml/dataset/tokenize-rows.ts';
import { openDecoder } from '../../src/ml/generate/decoder.ts';
import { folderGeneration } from '../../src/ml/generate/folder-generation.ts';
import { generate } from '../../src/ml/generate/generate.ts';
import type { GenerationOptions, Search } from '../../src/ml/generate/generation-options.ts';
import { mostNeeded } from '../../src/ml/generate/selected-candidates.ts';
import { openTrainedModel } from '../../src/ml/model/trained-model.ts';
import type { Runtime } from '../../src/ml/runtime/runtime.ts';
import { openTokenizer } from '../../src/ml/text/open-tokenizer.ts';
import type { Result } from '../../src/result.ts';
import type { StageMessage } from '../../src/stage/message.ts';
import type { GenerationParams } from './generation-params.ts';

export interface AnswererRequest {
  /** The folder of the base model, whose tokenizer it is, and what a training left of it. */
  readonly base: string;
  readonly trained: string;
  readonly runtime: Runtime;
  readonly params: GenerationParams;
  /** All beam searches, or none. */
  readonly searches: readonly Search[];
  readonly emit: (message: StageMessage) => void;
}

/** A model that is ready to answer. */
export interface Answerer {
  /** The answers to every question, a list for each search. Throws the signal's reason when it is aborted. */
  answer(questions: readonly string[], signal: AbortSignal): Promise<readonly (readonly string[])[]>;
  release(): Promise<void>;
}

/** Opens model and tokenizer, and compiles the graphs of generation. */
export async function openAnswerer({
  base,
  trained,
  runtime,
  params,
  searches,
  emit,
}: AnswererRequest): Promise<Result<Answerer>> {
  const opened = await openTokenizer(base, { tokenization: params.tokenization });
  if (!opened.ok) return opened;
  const tokenizer = opened.value;
  const model = await openTrainedModel(base, trained);
  if (!model.ok) return model;
  for (const text of model.value.warnings) emit({ kind: 'warning', text });
  const settings: GenerationOptions[] = [];
  for (const search of searches) {
    const options = folderGeneration(
      { maxLength: params.maxLength, noRepeatNgramSize: params.noRepeatNgram, search },
      model.value.generation,
      model.value.config,
      params.generation,
    );
    if (!options.ok) return options;
    settings.push(options.value);
  }
  const maxLength = settings[0]?.maxLength ?? params.maxLength;
  if (maxLength !== params.maxLength)
    emit({
      kind: 'warning',
      text:
        "max_new_tokens of the model's generation settings overrides maxLength: answers have at most " +
        `${maxLength} tokens, not ${params.maxLength}`,
    });
  const decoder = await openDecoder(
    runtime,
    model.value.trace,
    model.value.weights,
    searches.some(({ kind }) => kind === 'beam') ? 'logProbabilities' : 'logits',
    mostNeeded(settings),
  );

  async function answer(
    questions: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (readonly string[])[]> {
    const { tokens, truncation } = tokenizeSources(questions, tokenizer, params);
    emit({
      kind: 'truncated',
      what: 'questions',
      count: truncation.cut,
      of: truncation.rows,
      limit: truncation.limit,
    });
    const total = questions.length * searches.length;
    const answers: (readonly string[])[] = [];
    let unfinished = 0;
    for (const [index, options] of settings.entries()) {
      const onProgress = (done: number) =>
        emit({ kind: 'progress', done: index * questions.length + done, total, unit: 'answer' });
      const sequences = await generate(decoder, {
        sources: tokens,
        options,
        batch: params.batch,
        onProgress,
        signal,
      });
      const best = sequences.map(([first]) => first?.tokens ?? []);
      unfinished += best.filter((ids) => !options.endTokenIds.includes(ids.at(-1) ?? -1)).length;
      answers.push(best.map((ids) => tokenizer.decode(ids, { skipSpecialTokens: true })));
    }
    emit({ kind: 'truncated', what: 'answers', count: unfinished, of: total, limit: maxLength });
    return answers;
  }

  return { ok: true, value: { answer, release: () => decoder.release() } };
}
