/**
 * What a random search saves beside the full grid over the same intervals: how many trainings, and how many seconds of
 * them, each needs until its best point is within a tolerance of the grid's best. Points are compared by the selection
 * loss on validation rows; the search is repeated with several seeds.
 *
 *   node bench/search.mjs [--dataset aimc] [--epochs 3] [--points 8] [--seeds 1,2,3] [--tolerance 0.02]
 *
 * It runs trainings of the nano model in a copy of the project: minutes. Needs the built program (npm run prepare).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    dataset: { type: 'string', default: 'aimc' },
    epochs: { type: 'string', default: '3' },
    points: { type: 'string', default: '8' },
    seeds: { type: 'string', default: '1,2,3' },
    tolerance: { type: 'string', default: '0.02' },
  },
});
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'search-'));
const fixed = {
  method: 'lora',
  epochs: Number(values.epochs),
  batch: 8,
  schedule: 'cosine',
  warmupRatio: 0.1,
};
const grid = {
  learningRate: { $logspace: { from: 3e-4, to: 1e-2, count: 4 } },
  r: [4, 8, 16],
  dropout: [0, 0.1],
};
const over = {
  learningRate: { logUniform: [3e-4, 1e-2] },
  r: { choice: [4, 8, 16] },
  dropout: { uniform: [0, 0.1] },
};

/** A pipeline of the default experiment's data and training alone. */
function experiment(name, train) {
  const { stages, vars } = JSON.parse(
    spawnSync(
      process.execPath,
      [
        '-e',
        `console.log(JSON.stringify(require('yaml').parse(require('fs').readFileSync('pipeline.yaml','utf8'),{merge:true})))`,
      ],
      { cwd: folder, encoding: 'utf8' },
    ).stdout,
  );
  const datasets = [{ name: values.dataset, format: values.dataset }];
  const file = {
    name,
    vars: { ...vars, datasets },
    stages: {
      'data-format': { ...stages['data-format'], matrix: { dataset: datasets } },
      train: { ...stages.train, ...train(datasets) },
    },
  };
  writeFileSync(join(folder, 'experiments', `${name}.yaml`), JSON.stringify(file));
  return `experiments/${name}.yaml`;
}

/** The selection loss and the seconds of each training, in the order of the points. */
function trained(file) {
  const events = join(folder, 'events.ndjson');
  pipeline(['run', 'train', '-f', file, '--json', '--jobs', '1', '--events', events]);
  const seconds = new Map(
    readFileSync(events, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ kind, outcome }) => kind === 'finished' && outcome.kind === 'ran')
      .map(({ instance, outcome }) => [instance, outcome.seconds]),
  );
  const { instances } = JSON.parse(pipeline(['metrics', 'train', '-f', file, '--json']));
  return instances
    .filter(({ instance }) => instance.startsWith('train['))
    .map(({ instance, values: metrics }) => ({
      instance,
      loss: metrics.selection_loss,
      seconds: seconds.get(instance) ?? 0,
    }));
}

function pipeline(words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/main.js'), ...words], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`pipeline ${words.join(' ')}: ${stderr}`);
  return stdout;
}

const best = (points) => Math.min(...points.map(({ loss }) => loss));
const total = (points) => points.reduce((sum, { seconds }) => sum + seconds, 0);
/** As many of the first points as reach a loss. */
const until = (points, loss) => {
  const index = points.findIndex((point) => point.loss <= loss);
  return index < 0 ? undefined : points.slice(0, index + 1);
};

for (const part of [
  'src',
  'stages',
  'data',
  'package.json',
  'package-lock.json',
  'pipeline.yaml',
  'tsconfig.json',
])
  cpSync(join(root, part), join(folder, part), { recursive: true });
cpSync(join(root, 'experiments'), join(folder, 'experiments'), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
try {
  const whole = trained(
    experiment('grid', (dataset) => ({
      matrix: { dataset, ...grid },
      params: {
        ...trainParams(),
        config: { ...fixed, learningRate: '${learningRate}', r: '${r}', dropout: '${dropout}', alpha: 32 },
      },
    })),
  );
  const wanted = best(whole) * (1 + Number(values.tolerance));
  console.log(
    `grid: ${whole.length} trainings, ${total(whole).toFixed(0)} s, best ${best(whole).toFixed(4)}`,
  );
  for (const seed of values.seeds.split(',').map(Number)) {
    const found = trained(
      experiment(`search-${seed}`, (dataset) => ({
        matrix: { dataset },
        search: { axis: 'config', points: Number(values.points), seed, over, with: { ...fixed, alpha: 32 } },
        params: { ...trainParams(), config: '${config}' },
      })),
    );
    const reached = until(found, wanted);
    console.log(
      `search, seed ${seed}: ${found.length} trainings, ${total(found).toFixed(0)} s, best ${best(found).toFixed(4)}; ` +
        (reached === undefined
          ? 'the best of the grid was not reached'
          : `within ${Number(values.tolerance) * 100} % of the grid's best after ${reached.length} trainings, ${total(reached).toFixed(0)} s (${((total(reached) / total(whole)) * 100).toFixed(0)} %)`),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Of the default experiment. */
function trainParams() {
  return {
    prompt: '${vars.prompt}',
    baseModel: '${vars.model}',
    sourceTokens: 512,
    targetTokens: 512,
    validation: 0.1,
    seed: 42,
    tokenization: '${vars.tokenization}',
    runtime: '${vars.runtime}',
  };
}
