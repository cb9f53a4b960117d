/**
 * What this project makes of pairs of texts, for `check-parity.py` to compare: token ids, logits, and the
 * losses of a training.
 *   node scripts/engine-numbers.mjs BASE MODEL REQUEST.json OUT
 * BASE is the folder of the base model, MODEL a folder that a training wrote (a model's or an adapter's).
 * REQUEST.json holds
 * `tokenization`, `pairs` ([source, target] texts) and `training` (steps, batch, learningRate, warmup,
 * weightDecay, clip; or null). Writes OUT/logits.safetensors (`logits`, [tokens of all targets, vocabulary])
 * and OUT/numbers.json.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromMemory } from '../dist/package/src/ml/checkpoint/lazy-tensor.js';
import { writeSafetensors } from '../dist/package/src/ml/checkpoint/safetensors.js';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../dist/package/src/ml/model/mt5-feeds.js';
import { trainingGraph } from '../dist/package/src/ml/model/mt5-loss.js';
import { decode, encode, logitsOf } from '../dist/package/src/ml/model/mt5-stack.js';
import { plainTrace } from '../dist/package/src/ml/model/mt5-trace.js';
import { openTrainedModel } from '../dist/package/src/ml/model/trained-model.js';
import { openRuntime } from '../dist/package/src/ml/runtime/open-runtime.js';
import { openTokenizer } from '../dist/package/src/ml/text/open-tokenizer.js';
import { isDecayed } from '../dist/package/src/ml/train/decay.js';
import { scheduleFactor } from '../dist/package/src/ml/train/schedule.js';

const [base, model, requestFile, out] = process.argv.slice(2);
const { tokenization, pairs, training } = JSON.parse(await readFile(requestFile, 'utf8'));
const tokenizer = valueOf(await openTokenizer(base, { tokenization }));
const { config, weights } = valueOf(await openTrainedModel(base, model));
const runtime = await openRuntime('onnx', { threads: 2 });
const examples = pairs.map((pair) => pair.map((text) => tokenizer.encode(text)));

await mkdir(out, { recursive: true });
valueOf(
  await writeSafetensors(
    join(out, 'logits.safetensors'),
    fromMemory(new Map([['logits', await logitsOfAll()]])),
  ),
);
await writeFile(
  join(out, 'numbers.json'),
  JSON.stringify({ ids: examples, losses: training === null ? [] : await trainingLosses(training) }),
);

async function logitsOfAll() {
  const trace = plainTrace(config);
  const session = await runtime.open({
    constants: weights,
    entries: { logits: { outputs: { logits: logitsOf(trace, decode(trace, encode(trace).last).last) } } },
  });
  const { logits } = await session.run('logits', feedsOf(examples));
  await session.release();
  return logits;
}

/**
 * AdamW on all parameters, linear schedule; batches in the order of the pairs, from the first again when they
 * end.
 */
async function trainingLosses({ steps, batch, learningRate, warmup, weightDecay, clip }) {
  const trace = plainTrace(config);
  const graph = trainingGraph(trace, trace.parameters);
  const shapes = new Map(Object.entries(weights).map(([name, { shape }]) => [name, shape]));
  const session = await runtime.openTraining({
    entries: {},
    training: {
      graph,
      trained: shapes,
      optimizer: { name: 'adamw' },
      weightDecayOf: (name) => (isDecayed(name) ? weightDecay : 0),
      accumulation: 1,
    },
  });
  await session.assign(shapes.keys(), async (name, into) => {
    into.set(weights[name].data);
    return { ok: true };
  });
  const losses = [];
  for (let step = 0; step < steps; step += 1) {
    const rows = Array.from(
      { length: batch },
      (_, index) => examples[(step * batch + index) % examples.length],
    );
    const rate =
      learningRate * scheduleFactor({ name: 'linear' }, step, { warmup, total: steps, learningRate });
    const update = { step: step + 1, learningRate: rate, maxGradientNorm: clip };
    const { loss } = await session.step([feedsOf(rows)], update);
    losses.push(loss);
  }
  await session.release();
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
