/**
 * What searches save beside the full grid over the same intervals, at the best point that they find: how many
 * seconds of trainings a random search of some points takes, and successive halving of more points, which
 * trains a third of them for one epoch more. Points are compared by the selection loss on validation rows;
 * searches are repeated with several seeds.
 *
 *   node bench/search.mjs [--dataset aimc] [--epochs 3] [--points 12] [--halved 24] [--seeds 1,2,3]
 *
 * It trains the nano model in a copy of the project: minutes. Needs the built program (npm run prepare).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';

const { values } = parseArgs({
  options: {
    dataset: { type: 'string', default: 'aimc' },
    epochs: { type: 'string', default: '3' },
    points: { type: 'string', default: '12' },
    halved: { type: 'string', default: '24' },
    seeds: { type: 'string', default: '1,2,3' },
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
  alpha: 32,
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

/** A pipeline of the default experiment's data and of some stages made of its training. */
function experiment(name, stagesOf) {
  const text = readFileSync(join(folder, 'pipeline.yaml'), 'utf8');
  const { stages, vars } = parse(text, { merge: true });
  const datasets = [{ name: values.dataset, format: values.dataset }];
  const train = (axes, config, more = {}) => ({
    ...stages.train,
    ...axes,
    deps: { ...stages.train.deps, ...more.deps },
    params: { ...stages.train.params, ...more.params, config },
    outs: { ...stages.train.outs, ...more.outs },
  });
  const file = {
    name,
    vars: { ...vars, datasets },
    stages: {
      'data-format': { ...stages['data-format'], matrix: { dataset: datasets } },
      ...stagesOf(datasets, train),
    },
  };
  writeFileSync(join(folder, 'experiments', `${name}.yaml`), JSON.stringify(file));
  return `experiments/${name}.yaml`;
}

/**
 * What the trainings of an experiment cost, and the best selection loss of those that were trained to the
 * end.
 */
function trained(file) {
  const events = join(folder, 'events.ndjson');
  pipeline(['run', 'train', '-f', file, '--json', '--jobs', '1', '--events', events]);
  const trainings = readFileSync(events, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(
      ({ kind, outcome, instance }) =>
        kind === 'finished' && outcome.kind === 'ran' && /^(train|rung)/.test(instance),
    );
  const { instances } = JSON.parse(pipeline(['metrics', 'train', '-f', file, '--json']));
  const losses = instances
    .filter(({ instance }) => instance.startsWith('train['))
    .map(({ values: metrics }) => metrics.selection_loss);
  return {
    trainings: trainings.length,
    seconds: trainings.reduce((sum, { outcome }) => sum + outcome.seconds, 0),
    best: Math.min(...losses),
  };
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

function printRow(what, { trainings, seconds, best }, whole) {
  const share = whole === undefined ? '' : `, ${((100 * seconds) / whole.seconds).toFixed(0)} % of the grid`;
  console.log(
    `${what}: ${trainings} trainings, ${seconds.toFixed(0)} s${share}; ` +
      `best selection loss ${best.toFixed(4)}`,
  );
}

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
    experiment('grid', (dataset, train) => ({
      train: train({ matrix: { dataset, ...grid } }, { ...fixed, ...referTo(Object.keys(grid)) }),
    })),
  );
  printRow('grid', whole);
  for (const seed of values.seeds.split(',').map(Number)) {
    const search = (points) => ({ axis: 'config', points: Number(points), seed, over, with: fixed });
    const drawn = trained(
      experiment(`search-${seed}`, (dataset, train) => ({
        train: train({ matrix: { dataset }, search: search(values.points) }, '${config}'),
      })),
    );
    printRow(`search of ${values.points} points, seed ${seed}`, drawn, whole);
    const halved = trained(
      experiment(`halving-${seed}`, (dataset, train) => halving(dataset, train, search(values.halved))),
    );
    printRow(`halving of ${values.halved} points, seed ${seed}`, halved, whole);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A rung for each epoch; a third of the points goes on from one to the next. */
function halving(dataset, train, search) {
  const epochs = Number(values.epochs);
  const stages = {};
  for (let rung = 1, points = search.points; rung <= epochs; rung += 1, points = Math.ceil(points / 3)) {
    const name = rung === epochs ? 'train' : `rung-${rung}`;
    const axes =
      rung === 1
        ? { matrix: { dataset }, search }
        : { matrix: { dataset, config: { $from: `keep-${rung - 1}`, out: 'points' } } };
    stages[name] = train({ matrix: undefined, ...axes }, '${config}', {
      deps: rung === 1 ? {} : { state: { from: `rung-${rung - 1}`, out: 'state' } },
      params: rung === epochs ? {} : { stopAtEpoch: rung },
      outs: rung === epochs ? {} : { state: 'state' },
    });
    if (rung === epochs) break;
    stages[`keep-${rung}`] = {
      matrix: { dataset },
      uses: 'stages/select-points.ts',
      deps: { trainings: { from: name, out: 'summary', gather: true } },
      params: { axis: 'config', keep: Math.ceil(points / 3) },
      outs: { points: 'points.json' },
    };
  }
  return stages;
}

/** Params of these names, each the axis of its name. */
function referTo(names) {
  return Object.fromEntries(names.map((name) => [name, `\${${name}}`]));
}
