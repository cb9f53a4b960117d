/**
 * What this project makes of pairs of texts, for `check-parity.py` to compare: token ids, logits, and the
 * losses of a training.
 *   node scripts/engine-numbers.mjs BASE MODEL REQUEST.json OUT
 * BASE is the folder of the base model, MODEL a folder that a training wrote (a model's or an adapter's).
 * REQUEST.json holds
 * `tokenization`, `pairs` ([source, target] texts) and `training` (steps, batch, learningRate, warmup, weightDecay, clip; or
 * null). Writes OUT/logits.safetensors (`logits`, [tokens of all targets, vocabulary]) and OUT/numbers.json.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { held } from '../dist/package/ml/checkpoint/lazy-tensor.js';
import { writeSafetensors } from '../dist/package/ml/checkpoint/safetensors.js';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../dist/package/ml/model/mt5-feeds.js';
import { trainingGraph } from '../dist/package/ml/model/mt5-loss.js';
import { decode, encode, logitsOf } from '../dist/package/ml/model/mt5-stack.js';
import { plainTrace } from '../dist/package/ml/model/mt5-trace.js';
import { openTrainedModel } from '../dist/package/ml/model/trained-model.js';
import { openRuntime } from '../dist/package/ml/runtime/open-runtime.js';
import { openTokenizer } from '../dist/package/ml/text/open-tokenizer.js';
import { isDecayed } from '../dist/package/ml/train/decay.js';
import { createKernels } from '../dist/package/ml/train/kernels/kernels.js';
import { scheduleFactor } from '../dist/package/ml/train/schedule.js';
import { clipFactor, createStepper } from '../dist/package/ml/train/stepper.js';

const [base, model, requestFile, out] = process.argv.slice(2);
const { tokenization, pairs, training } = JSON.parse(await readFile(requestFile, 'utf8'));
const tokenizer = valueOf(await openTokenizer(base, { tokenization }));
const { config, weights } = valueOf(await openTrainedModel(base, model));
const runtime = await openRuntime('onnx', { threads: 2 });
const examples = pairs.map((pair) => pair.map((text) => tokenizer.encode(text)));

await mkdir(out, { recursive: true });
valueOf(
  await writeSafetensors(join(out, 'logits.safetensors'), held(new Map([['logits', await logitsOfAll()]]))),
);
await writeFile(
  join(out, 'numbers.json'),
  JSON.stringify({ ids: examples, losses: training === null ? [] : await trainingLosses(training) }),
);

async function logitsOfAll() {
  const trace = plainTrace(config);
  const program = await runtime.compile({
    outputs: { logits: logitsOf(trace, decode(trace, encode(trace).last).last) },
  });
  const { logits } = await program.run({ ...weights, ...feedsOf(examples) });
  await program.release();
  return logits;
}

/**
 * AdamW on all parameters, linear schedule; batches in the order of the pairs, from the first again when they
 * end.
 */
async function trainingLosses({ steps, batch, learningRate, warmup, weightDecay, clip }) {
  const trace = plainTrace(config);
  const graph = trainingGraph(trace, trace.parameters);
  const program = await runtime.compile(graph.graph);
  const shapes = new Map(Object.entries(weights).map(([name, { shape }]) => [name, shape]));
  const stepper = createStepper({
    graph,
    program,
    shapes,
    frozen: {},
    optimizer: { name: 'adamw' },
    weightDecay,
    decays: isDecayed,
    accumulation: 1,
    kernels: createKernels(),
  });
  for (const { name, parameter } of stepper.tensors) parameter.set(weights[name].data);
  const losses = [];
  for (let step = 0; step < steps; step += 1) {
    const rows = Array.from(
      { length: batch },
      (_, index) => examples[(step * batch + index) % examples.length],
    );
    const { loss, gradientNorm } = await stepper.gradients([feedsOf(rows)]);
    const rate =
      learningRate * scheduleFactor({ name: 'linear' }, step, { warmup, total: steps, learningRate });
    stepper.optimizer.update({
      step: step + 1,
      learningRate: rate,
      gradientScale: clipFactor(gradientNorm, clip),
    });
    losses.push(loss);
  }
  await program.release();
  return losses;
}

function feedsOf(rows) {
  const labels = rows.map(([, target]) => target);
  return {
    ...sourceFeeds(
      rows.map(([source]) => source),
      config,
    ),
    ...targetFeeds(shiftRight(labels, config), config),
    ...labelFeeds(labels, 1 / labels.flat().length),
  };
}

function valueOf(result) {
  if (result.ok) return result.value;
  throw new Error(result.error.message ?? result.error);
}
