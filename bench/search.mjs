/**
 * What searches save beside the full grid, at a best point that is as good: the epochs and the CPU time that a
 * random search and successive halving need until they surely, or probably, have a point whose selection loss
 * is at most the grid's best and a tolerance.
 *
 * Every point is trained once, to the end: those of the grid, and a pool that is drawn from the same
 * intervals. Searches are then replayed on the pool thousands of times. A rung of halving has the losses of
 * the whole training after as many epochs, since it uses the schedule of the whole training.
 *
 *   node bench/search.mjs [--dataset aimc] [--epochs 3] [--pool 36] [--tolerances 0.05,0.1,0.15]
 *     [--replays 2000] [--trainings FILE]
 *
 * It trains the nano model in a copy of the project: minutes. Needs the built program (npm run prepare).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';

const { values } = parseArgs({
  options: {
    dataset: { type: 'string', default: 'aimc' },
    epochs: { type: 'string', default: '3' },
    pool: { type: 'string', default: '36' },
    tolerances: { type: 'string', default: '0.05,0.1,0.15' },
    replays: { type: 'string', default: '2000' },
    /** Where the losses of all trainings are kept, and read from if they are there. */
    trainings: { type: 'string' },
  },
});
const epochs = Number(values.epochs);
const root = join(import.meta.dirname, '..');
const fixed = { method: 'lora', epochs, batch: 8, schedule: 'cosine', warmupRatio: 0.1, alpha: 32 };
/** Its best point is not at an edge; otherwise the intervals would be too narrow. */
const grid = {
  learningRate: { $logspace: { from: 1e-3, to: 1e-1, count: 6 } },
  r: [4, 8, 16],
};
const over = { learningRate: { logUniform: [1e-3, 1e-1] }, r: { choice: [4, 8, 16] } };

const row = (...texts) => console.log(`| ${texts.join(' | ')} |`);
const percent = (part, of) => `${((100 * part) / of).toFixed(0)} %`;
const mean = (some) => some.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / some.length;
const bestAfter = (points, epoch) => points.toSorted((a, b) => a.losses[epoch - 1] - b.losses[epoch - 1]);
const bestOfDraw = (points) => bestAfter(points, epochs)[0];
const searchCost = (points) => ({ trainings: points, epochs: points * epochs });

/** A third of the points is kept for the next epoch. */
const eta = 3;

const kept = values.trainings;
const trainings =
  kept !== undefined && existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : trainAll();
if (kept !== undefined) writeFileSync(kept, JSON.stringify(trainings));
report(
  trainings.filter(({ stage }) => stage === 'grid'),
  trainings.filter(({ stage }) => stage === 'pool'),
  trainings.find(({ stage }) => stage === 'short'),
);

/** A copy of the project in which all points are trained. */
function trainAll() {
  const folder = mkdtempSync(join(tmpdir(), 'search-'));
  for (const part of [
    'src',
    'stages',
    'data',
    'experiments',
    'package.json',
    'package-lock.json',
    'pipeline.yaml',
    'tsconfig.json',
  ])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  try {
    writeExperiment(folder);
    return trainingsIn(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The grid, the pool, and one training of a single epoch, which measures the cost of a start. */
function writeExperiment(folder) {
  const { stages, vars } = parse(readFileSync(join(folder, 'pipeline.yaml'), 'utf8'), { merge: true });
  const dataset = [{ name: values.dataset, format: values.dataset }];
  const train = (axes, config, more = {}) => ({
    ...stages.train,
    ...axes,
    params: { ...stages.train.params, ...more, config },
  });
  const search = { axis: 'config', points: Number(values.pool), seed: 1, over, with: fixed };
  const file = {
    name: 'search',
    vars: { ...vars, datasets: dataset },
    stages: {
      'data-format': { ...stages['data-format'], matrix: { dataset } },
      grid: train({ matrix: { dataset, ...grid } }, { ...fixed, learningRate: '${learningRate}', r: '${r}' }),
      pool: train({ matrix: { dataset }, search }, '${config}'),
      short: train({ matrix: { dataset }, search: { ...search, points: 1 } }, '${config}', {
        stopAtEpoch: 1,
      }),
    },
  };
  writeFileSync(join(folder, 'experiments/search.yaml'), JSON.stringify(file));
}

/** All trainings: the selection loss that each would be chosen by after every epoch, and its CPU time. */
function trainingsIn(folder) {
  const pipeline = (...words) => pipelineIn(folder, words);
  const { run } = JSON.parse(pipeline('run', '-f', 'experiments/search.yaml', '--json', '--jobs', '1'));
  const { instances } = JSON.parse(pipeline('history', run, '-f', 'experiments/search.yaml', '--json'));
  return instances
    .filter(({ instance }) => /^(grid|pool|short)\[/.test(instance))
    .map(({ instance, cpuSeconds }) => {
      const [, stage, labels] = /^(\w+)\[(.*)\]$/.exec(instance);
      const log = readFileSync(join(folder, 'artifacts/search', stage, labels, 'log.jsonl'), 'utf8');
      return { stage, labels, cpuSeconds, losses: chosenLosses(log) };
    });
}

/** After each epoch, the selection loss of the best checkpoint so far. */
function chosenLosses(log) {
  const evaluations = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ selectionLoss }) => selectionLoss !== undefined);
  let best = { evaluationLoss: Infinity };
  return evaluations.map((evaluation) => {
    if (evaluation.evaluationLoss < best.evaluationLoss) best = evaluation;
    return best.selectionLoss;
  });
}

function report(whole, pool, short) {
  const best = whole.toSorted((a, b) => a.losses.at(-1) - b.losses.at(-1))[0];
  const full = mean([...whole, ...pool]);
  const epoch = (full - short.cpuSeconds) / (epochs - 1);
  const start = short.cpuSeconds - epoch;
  console.log(
    `grid: ${whole.length} points, best ${best.labels} with ${best.losses.at(-1).toFixed(4)}; ` +
      `a training takes ${start.toFixed(1)} s of CPU time to start and ${epoch.toFixed(1)} s an epoch`,
  );
  const costOf = ({ trainings: started, epochs: trained }) => started * start + trained * epoch;
  const wholeCost = { trainings: whole.length, epochs: whole.length * epochs };
  const cells = (cost) => [
    cost.trainings,
    cost.epochs,
    costOf(cost).toFixed(0),
    percent(cost.epochs, wholeCost.epochs),
    percent(costOf(cost), costOf(wholeCost)),
  ];

  row(
    'at most',
    'chance',
    'search',
    'trainings',
    'epochs',
    'CPU s',
    'epochs of the grid',
    'CPU time of the grid',
  );
  row(...Array(8).fill('---'));
  row('', '', 'grid', ...cells(wholeCost));
  for (const tolerance of values.tolerances.split(',').map(Number))
    for (const chance of [0.5, 0.9])
      for (const [name, chosen, cost] of [
        ['random', bestOfDraw, searchCost],
        ...[1, 2].map((first) => [
          `halving from epoch ${first}`,
          (points) => bestOfHalving(points, first),
          (points) => halvingCost(points, first),
        ]),
      ]) {
        const target = best.losses.at(-1) * (1 + tolerance);
        const points = fewest(pool, draws(), chosen, target, chance);
        const what = [target.toFixed(4), percent(chance, 1)];
        if (points === undefined)
          row(...what, `${name}: not with all ${pool.length} points`, '', '', '', '', '');
        else row(...what, `${name}, ${points} points`, ...cells(cost(points)));
      }
}

/** The fewest points with which a search finds a good enough one in this share of its replays. */
function fewest(pool, random, chosen, target, chance) {
  const replays = Number(values.replays);
  for (let points = 1; points <= pool.length; points += 1) {
    let found = 0;
    for (let replay = 0; replay < replays; replay += 1)
      if (chosen(drawn(pool, points, random)).losses.at(-1) <= target) found += 1;
    if (found >= chance * replays) return points;
  }
  return undefined;
}

/** The rungs are epochs, from the first on. */
function bestOfHalving(points, first) {
  let left = points;
  for (let epoch = first; epoch < epochs; epoch += 1)
    left = bestAfter(left, epoch).slice(0, Math.ceil(left.length / eta));
  return bestOfDraw(left);
}

function halvingCost(points, first) {
  const cost = { trainings: points, epochs: points * first };
  for (let epoch = first + 1, left = points; epoch <= epochs; epoch += 1) {
    left = Math.ceil(left / eta);
    cost.trainings += left;
    cost.epochs += left;
  }
  return cost;
}

/** Some of the pool, without repetition. */
function drawn(pool, count, random) {
  const left = [...pool];
  for (let index = 0; index < count; index += 1) {
    const other = index + Math.floor(random() * (left.length - index));
    [left[index], left[other]] = [left[other], left[index]];
  }
  return left.slice(0, count);
}

/** Numbers in [0, 1) that are the same each time (mulberry32). */
function draws(seed = 1) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pipelineIn(folder, words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/main.js'), ...words], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`pipeline ${words.join(' ')}: ${stderr}`);
  return stdout;
}
