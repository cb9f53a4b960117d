import { fileProblemText } from '../../src/files/file-problem.ts';
import { writeJson } from '../../src/files/json.ts';
import { writeJsonLines } from '../../src/files/json-lines.ts';
import { type Mt5Folder, openMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { elementsAt } from '../../src/ml/dataset/elements-at.ts';
import { readRows } from '../../src/ml/dataset/read-rows.ts';
import type { Row } from '../../src/ml/dataset/row.ts';
import { validationSplit } from '../../src/ml/dataset/split.ts';
import { tokenizeRows } from '../../src/ml/dataset/tokenize-rows.ts';
import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import type { Runtime } from '../../src/ml/runtime/runtime.ts';
import { openTokenizer } from '../../src/ml/text/open-tokenizer.ts';
import type { Tokenizer } from '../../src/ml/text/tokenizer.ts';
import { train } from '../../src/ml/train/train.ts';
import type { TrainOutcome } from '../../src/ml/train/train-outcome.ts';
import type { Result } from '../../src/result.ts';
import type { StageContext } from '../../src/stage/context.ts';
import type { TrainingSummary } from '../results/evaluation.ts';
import { openEngine } from '../engine/open-engine.ts';
import { adapterToTrain } from './adapter-to-train.ts';
import { trainConfigOf, type TrainParams } from './train-params.ts';
import { messagesOf, unfinishedText } from './training-messages.ts';
import { writeTrained } from './write-trained.ts';

/** What a training is measured by beside its loss: made once, asked at every evaluation with the parameters as they are. */
export type MeasureFor = (setting: {
  readonly model: Mt5Folder;
  readonly tokenizer: Tokenizer;
  readonly runtime: Runtime;
  /** The held-out rows. */
  readonly rows: readonly Row[];
}) => Result<(parameters: Feeds) => Promise<Readonly<Record<string, number>>>>;

/** `adapter?`: a folder of peft whose training is gone on with. */
export type TrainDep = 'base' | 'train' | 'adapter?';

/** A training from files to files: a model or adapter folder, the series of its steps, and a summary. */
export async function runTraining(
  {
    params,
    deps,
    outs,
    scratch,
    cpus,
    device,
    signal,
    emit,
  }: StageContext<TrainParams, TrainDep, 'model' | 'log' | 'summary'>,
  measureFor?: MeasureFor,
): Promise<Result<void>> {
  const rows = await readRows(deps.train);
  if (!rows.ok) return { ok: false, error: fileProblemText(rows.error) };
  const model = await openMt5Folder(deps.base);
  if (!model.ok) return { ok: false, error: fileProblemText(model.error) };
  const adapter =
    deps.adapter === undefined
      ? undefined
      : await adapterToTrain(deps.adapter, model.value.config, params.config);
  if (adapter?.ok === false) return adapter;
  const tokenizer = await openTokenizer(deps.base, { tokenization: params.tokenization });
  if (!tokenizer.ok) return tokenizer;
  const { examples, cutSources, cutTargets } = tokenizeRows(rows.value, tokenizer.value, params);
  emit({
    kind: 'truncated',
    what: 'questions',
    count: cutSources,
    of: examples.length,
    limit: params.sourceTokens,
  });
  emit({
    kind: 'truncated',
    what: 'answers',
    count: cutTargets,
    of: examples.length,
    limit: params.targetTokens,
  });

  const engine = await openEngine(params.runtime, { cpus, device, emit });
  if (!engine.ok) return engine;
  const runtime = engine.value;
  const config = trainConfigOf(params, adapter?.value.config);
  const { heldOut } = validationSplit(rows.value.length, config.validationFraction, config.seed);
  const measure = measureFor?.({
    model: model.value,
    tokenizer: tokenizer.value,
    runtime,
    rows: elementsAt(rows.value, heldOut),
  });
  if (measure?.ok === false) return measure;
  const outcome = await train({
    model: model.value,
    adapter: adapter?.value.tensors,
    examples,
    config,
    runtime,
    scratch,
    signal,
    emit: (event) => messagesOf(event).forEach(emit),
    measure: measure?.value,
  });
  if (outcome.kind !== 'finished') return { ok: false, error: unfinishedText(outcome) };

  const written = await writeTrained(outs.model, deps.base, model.value, config, outcome.trained);
  if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  for (const file of [
    await writeJsonLines(outs.log, outcome.records),
    await writeJson(outs.summary, summaryOf(params, outcome)),
  ]) {
    if (!file.ok) return { ok: false, error: fileProblemText(file.error) };
  }
  return { ok: true, value: undefined };
}

const summaryOf = (
  { config: { method } }: TrainParams,
  { steps, parameters, best, rows, validationRows }: Extract<TrainOutcome, { kind: 'finished' }>,
): TrainingSummary => ({
  method,
  steps,
  trainable_parameters: parameters.trainable,
  all_parameters: parameters.all,
  best_validation_loss: best?.evaluationLoss ?? null,
  best_step: best?.step ?? steps,
  train_rows: rows,
  validation_rows: validationRows,
});
