import { digestOfFile } from '../../src/files/digest.ts';
import { fileProblemText } from '../../src/files/file-problem.ts';
import { writeJson } from '../../src/files/json.ts';
import { writeJsonLines } from '../../src/files/json-lines.ts';
import { type Mt5Folder, openMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { elementsAt } from '../../src/ml/dataset/elements-at.ts';
import { readRows } from '../../src/ml/dataset/read-rows.ts';
import type { Row } from '../../src/ml/dataset/row.ts';
import { validationSplitOf } from '../../src/ml/dataset/split.ts';
import { tokenizeRows } from '../../src/ml/dataset/tokenize-rows.ts';
import type { Feeds } from '../../src/ml/model/packed-rows.ts';
import type { Runtime } from '../../src/ml/runtime/runtime.ts';
import { openTokenizer } from '../../src/ml/text/open-tokenizer.ts';
import type { Tokenizer } from '../../src/ml/text/tokenizer.ts';
import { train } from '../../src/ml/train/train.ts';
import type { FinishedTraining } from '../../src/ml/train/train-outcome.ts';
import type { Result } from '../../src/result.ts';
import type { StageContext } from '../../src/stage/context.ts';
import { openTrainingEngine } from '../engine/open-engine.ts';
import { adapterToTrain } from './adapter-to-train.ts';
import { modelCard } from './model-card.ts';
import { trainConfigOf, type TrainParams } from './train-params.ts';
import { messagesOf, unfinishedText } from './training-messages.ts';
import { rowLossLine, trainingSummary } from './training-summary.ts';
import { needOfValidation, noValidationText } from './validation-fault.ts';
import { writeTrained } from './write-trained.ts';

/**
 * The metrics of a training besides its loss: created once, called at every evaluation with the current
 * parameters.
 */
export type MeasureFor = (setting: {
  readonly model: Mt5Folder;
  readonly tokenizer: Tokenizer;
  readonly runtime: Runtime;
  /** The held-out rows. */
  readonly rows: readonly Row[];
}) => Result<(parameters: Feeds) => Promise<Readonly<Record<string, number>>>>;

/**
 * `adapter?`: a folder of peft whose training is continued. `state?`: the state of the same training, stopped
 * earlier, which continues.
 */
export type TrainDep = 'base' | 'train' | 'adapter?' | 'state?';

/** `validation?`: the losses of the held-out rows. `state?`: what the training can go on from. */
export type TrainOut = 'model' | 'log' | 'summary' | 'validation?' | 'state?';

/** A training from files to files: a model or adapter folder, the series of its steps, and a summary. */
export async function runTraining(
  {
    params,
    deps,
    outs,
    scratch,
    engine: module,
    engineFolder,
    cpus,
    device,
    signal,
    emit,
  }: StageContext<TrainParams, TrainDep, TrainOut>,
  measureFor?: MeasureFor,
): Promise<Result<void>> {
  const rows = await readRows(deps.train);
  if (!rows.ok) return { ok: false, error: fileProblemText(rows.error) };
  const model = await openMt5Folder(deps.base);
  if (!model.ok) return { ok: false, error: fileProblemText(model.error) };
  for (const text of model.value.warnings) emit({ kind: 'warning', text });
  const adapter =
    deps.adapter === undefined ? undefined : await adapterToTrain(deps.adapter, model.value, params.config);
  if (adapter?.ok === false) return adapter;
  for (const text of adapter?.value.warnings ?? []) emit({ kind: 'warning', text });
  const tokenizer = await openTokenizer(deps.base, { tokenization: params.tokenization });
  if (!tokenizer.ok) return tokenizer;
  const { examples, ...truncation } = tokenizeRows(rows.value, tokenizer.value, params);
  for (const what of ['questions', 'answers'] as const) {
    const { cut, rows: of, limit } = truncation[what];
    emit({ kind: 'truncated', what, count: cut, of, limit });
  }

  const engine = openTrainingEngine({
    engine: module,
    engineFolder,
    cpus,
    device,
    emit,
    precision: params.precision,
  });
  if (!engine.ok) return engine;
  const runtime = engine.value;
  const config = trainConfigOf(params, adapter?.value.config);
  const split = validationSplitOf(rows.value, params.validation, params.splitSeed ?? 42);
  if (params.validation > 0 && split.heldOut.length === 0 && rows.value.length > 0) {
    const text = noValidationText(params.validation, rows.value.length);
    const need = needOfValidation(params, [
      outs.validation !== undefined && 'the out validation',
      measureFor !== undefined && 'measure',
    ]);
    if (need !== undefined) return { ok: false, error: `${text}; ${need} needs validation rows` };
    emit({ kind: 'warning', text: `${text}; without validation, the model of the last step is used` });
  }
  const measure = measureFor?.({
    model: model.value,
    tokenizer: tokenizer.value,
    runtime,
    rows: elementsAt(rows.value, split.heldOut),
  });
  if (measure?.ok === false) return measure;
  const data = await digestOfFile(deps.train);
  if (!data.ok) return { ok: false, error: fileProblemText(data.error) };
  const cardOf = (finished: FinishedTraining): string =>
    modelCard({
      params,
      type: model.value.config.modelType,
      steps: finished.steps,
      parameters: finished.parameters,
      data: data.value,
      trainRows: finished.rows,
      validationRows: finished.validationRows,
      continued: adapter !== undefined,
    });
  const outcome = await train({
    model: model.value,
    adapter: adapter?.value.tensors,
    examples,
    tokenText: (id) => tokenizer.value.decode([id]),
    split,
    config,
    runtime,
    scratch,
    signal,
    emit: (event) => messagesOf(event).forEach(emit),
    measure: measure?.value,
    write: (trained, finished) =>
      writeTrained(outs.model, deps.base, model.value, config, { trained, card: cardOf(finished) }),
    wantsRowLosses: outs.validation !== undefined,
    stopAtEpoch: params.stopAtEpoch,
    takeStateFrom: deps.state,
    leaveStateIn: outs.state,
  });
  if (outcome.kind !== 'finished') return { ok: false, error: unfinishedText(outcome) };

  const validation =
    outs.validation === undefined ? [] : [[outs.validation, outcome.rowLosses.map(rowLossLine)] as const];
  for (const [path, lines] of [[outs.log, outcome.records] as const, ...validation]) {
    const file = await writeJsonLines(path, lines);
    if (!file.ok) return { ok: false, error: fileProblemText(file.error) };
  }
  const summary = await writeJson(
    outs.summary,
    trainingSummary(params, outcome, elementsAt(examples, split.heldOut), truncation),
  );
  return summary.ok ? { ok: true, value: undefined } : { ok: false, error: fileProblemText(summary.error) };
}
