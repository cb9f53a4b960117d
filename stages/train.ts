import { fileProblemText } from '../src/files/file-problem.ts';
import { writeJson } from '../src/files/json.ts';
import { writeJsonLines } from '../src/files/json-lines.ts';
import { openMt5Folder } from '../src/ml/checkpoint/mt5-folder.ts';
import { readRows } from '../src/ml/dataset/read-rows.ts';
import { tokenizeRows } from '../src/ml/dataset/tokenize-rows.ts';
import { parameterCountText } from '../src/ml/model/lora.ts';
import { openRuntime } from '../src/ml/runtime/open-runtime.ts';
import { openTokenizer } from '../src/ml/text/open-tokenizer.ts';
import { train, type TrainEvent, type TrainOutcome } from '../src/ml/train/train.ts';
import type { StageMessage } from '../src/stage/message.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import type { TrainingSummary } from './evaluation.ts';
import { trainConfigOf, trainParamsSchema, type TrainParams } from './train/train-params.ts';
import { writeTrained } from './train/write-trained.ts';

/** Fine-tunes an mT5, whole or by LoRA; leaves a model or adapter folder, the series of its steps, and a summary. */
export const stage = defineStage<TrainParams, 'base' | 'train', 'model' | 'log' | 'summary'>({
  params: trainParamsSchema,
  deps: ['base', 'train'],
  outs: ['model', 'log', 'summary'],
  packages: ['onnxruntime-node'],
  async run({ params, deps, outs, scratch, cpus, signal, emit }) {
    const rows = await readRows(deps.train);
    if (!rows.ok) return { ok: false, error: fileProblemText(rows.error) };
    const base = await openMt5Folder(deps.base);
    if (!base.ok) return { ok: false, error: fileProblemText(base.error) };
    const tokenizer = await openTokenizer(deps.base, { tokenization: params.tokenization });
    if (!tokenizer.ok) return tokenizer;
    const { examples, cutSources, cutTargets } = tokenizeRows(rows.value, tokenizer.value, params);
    emit({ kind: 'truncated', what: 'questions', count: cutSources, of: examples.length, limit: params.sourceTokens });
    emit({ kind: 'truncated', what: 'answers', count: cutTargets, of: examples.length, limit: params.targetTokens });

    const runtime = await openRuntime(params.runtime, { threads: cpus });
    emit({ kind: 'device', runtime: runtime.version, device: runtime.device });
    const config = trainConfigOf(params);
    const outcome = await train({ model: base.value, examples, config, runtime, scratch, signal, emit: (event) => messagesOf(event).forEach(emit) });
    if (outcome.kind !== 'finished') return { ok: false, error: outcomeText(outcome) };

    const written = await writeTrained(outs.model, deps.base, base.value, config, outcome.trained);
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
    for (const file of [await writeJsonLines(outs.log, outcome.records), await writeJson(outs.summary, summaryOf(params, outcome))]) {
      if (!file.ok) return { ok: false, error: fileProblemText(file.error) };
    }
  },
});

function messagesOf(event: TrainEvent): readonly StageMessage[] {
  switch (event.kind) {
    case 'start': return [{ kind: 'log', text: parameterCountText(event.parameters) }, { kind: 'progress', done: event.resumedAt, total: event.total, unit: 'step' }];
    case 'step': {
      const { step, loss, learningRate, gradientNorm } = event.record;
      return [{ kind: 'progress', done: step, total: event.total, unit: 'step' }, { kind: 'metric', step, values: { loss, learningRate, gradientNorm, tokensPerSecond: Math.round(event.tokensPerSecond) } }];
    }
    case 'evaluation': return [{ kind: 'metric', step: event.record.step, values: { evaluationLoss: event.record.evaluationLoss } }];
    case 'checkpoint': return [event];
    case 'warning': return [event];
  }
}

function outcomeText(outcome: Exclude<TrainOutcome, { kind: 'finished' }>): string {
  switch (outcome.kind) {
    case 'interrupted': return `interrupted after step ${outcome.step}; a checkpoint was written`;
    case 'diverged': return `step ${outcome.step}: the loss is ${outcome.loss}, the gradient norm ${outcome.gradientNorm}; the batch (rows ${outcome.rows.join(', ')}) is in ${outcome.batchFile}. A lower learning rate or clipping may help.`;
    case 'failed': return outcome.problem;
  }
}

const summaryOf = ({ config: { method } }: TrainParams, { steps, parameters, best, rows, validationRows }: Extract<TrainOutcome, { kind: 'finished' }>): TrainingSummary => ({
  method,
  steps,
  trainable_parameters: parameters.trainable,
  all_parameters: parameters.all,
  best_validation_loss: best?.evaluationLoss ?? null,
  best_step: best?.step ?? steps,
  train_rows: rows,
  validation_rows: validationRows,
});
