/**
 * The whole default experiment, cold, on both sides: each time in a new folder, with every result computed.
 * Ours is `pipeline run`, the peer's `dvc repro` with stages.py, on the rows that our data-format made. A
 * BERT scores the answers, since bert_score opens no mT5 folder.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { modelFolder } from '../inputs.mjs';
import { cpuOfChildren } from '../sides.mjs';

const root = join(import.meta.dirname, '../..');
const main = join(root, 'dist/main.js');

/** The peer takes the rows of our side, which comes first. `onStages` gets our CPU time by stage. */
export function experimentSides({ options: { encoder, threads } }, { python, dvc, onStages }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-experiment-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [own, work] = [join(folder, 'own'), join(folder, 'peer')];
  const mine = () => {
    rmSync(own, { recursive: true, force: true });
    ok(process.execPath, [main, 'init', '--template', 'finetune', own], root);
    cpSync(modelFolder(encoder), join(own, 'data/models/bert'), { recursive: true });
    mkdirSync(join(own, 'node_modules'));
    symlinkSync(root, join(own, 'node_modules/medical-qa-pipeline'));
    const pipeline = pipelineOf(own);
    pipeline.stages.eval.deps.encoder = 'data/models/bert';
    writeFileSync(join(own, 'pipeline.yaml'), stringify(pipeline));
    const measured = timed(() => ok(process.execPath, [main, 'run'], own));
    onStages(stagesOf(own));
    return measured;
  };
  const theirs = () => {
    rmSync(work, { recursive: true, force: true });
    writeDvcProject(work, own, { python, encoder, threads });
    const search = { PATH: [dirname(dvc), process.env.PATH].join(delimiter) };
    ok('git', ['init', '-q'], work);
    ok(dvc, ['init', '-q'], work, search);
    ok(dvc, ['config', 'core.analytics', 'false'], work, search);
    return timed(() => ok(dvc, ['repro'], work, search));
  };
  return [mine, dvc === undefined ? undefined : theirs];
}

/** The settings are those of our pipeline.yaml. */
function writeDvcProject(work, own, { python, encoder, threads }) {
  mkdirSync(work);
  cpSync(join(import.meta.dirname, 'stages.py'), join(work, 'stages.py'));
  const { vars, stages } = pipelineOf(own);
  const datasets = vars.datasets.map(({ name }) => name);
  const configs = stages.train.matrix.flatMap(({ config }) => config);
  const runs = Object.fromEntries(configs.map(({ name, ...config }) => [name, config]));
  const rowsOf = (dataset, part) => join(own, 'artifacts/medical-qa/data-format', dataset, `${part}.jsonl`);
  const experiment = {
    model: join(own, vars.model),
    encoder: modelFolder(encoder),
    encoderLayers: JSON.parse(readFileSync(join(modelFolder(encoder), 'config.json'), 'utf8'))
      .num_hidden_layers,
    threads,
    runs,
    data: Object.fromEntries(
      datasets.map((name) => [name, { train: rowsOf(name, 'train'), test: rowsOf(name, 'test') }]),
    ),
    questions: Object.fromEntries(datasets.map((name) => [name, join(own, `data/questions/${name}.json`)])),
    prompt: vars.prompt,
    seed: stages.train.params.seed,
    validation: 0.1,
    ...pick(stages.eval.params, ['maxLength', 'beams', 'batch']),
    ...pick(stages.qualitative.params, ['temperatures', 'topP', 'topK']),
  };
  writeFileSync(join(work, 'experiment.json'), JSON.stringify(experiment, null, 1));
  writeFileSync(join(work, 'dvc.yaml'), JSON.stringify({ stages: dvcStages(experiment, python) }, null, 1));
}

function dvcStages({ data, runs }, python) {
  const stage = (words, deps, out) => ({
    cmd: `${python} stages.py ${words}`,
    deps: ['stages.py', 'experiment.json', ...deps],
    outs: [out],
  });
  const points = Object.keys(data).flatMap((dataset) =>
    Object.keys(runs).map((run) => ({ dataset, run, name: `${dataset}-${run}` })),
  );
  const evaluations = points.map(({ name }) => `eval/${name}`);
  return Object.fromEntries([
    ...Object.entries(data).map(([dataset, { train, test }]) => [
      `format-${dataset}`,
      stage(`data_format experiment.json ${dataset} data/${dataset}`, [train, test], `data/${dataset}`),
    ]),
    ...points.flatMap(({ dataset, run, name }) => {
      const [rows, trained, out] = [`data/${dataset}`, `train/${name}`, `eval/${name}`];
      return [
        [`train-${name}`, stage(`train experiment.json ${run} ${rows} ${trained}`, [rows], trained)],
        [
          `eval-${name}`,
          stage(`evaluate experiment.json ${run} ${rows} ${trained}/model ${out}`, [rows, trained], out),
        ],
      ];
    }),
    ...Object.keys(data).map((dataset) => [
      `qualitative-${dataset}`,
      stage(
        `qualitative experiment.json ${dataset} qualitative/${dataset}`,
        Object.keys(runs).map((run) => `train/${dataset}-${run}`),
        `qualitative/${dataset}`,
      ),
    ]),
    ['collate', stage(`collate experiment.json collated ${evaluations.join(' ')}`, evaluations, 'collated')],
  ]);
}

/** CPU seconds of all instances of each stage, with how many there are, from the usage figures of the run. */
function stagesOf(own) {
  const history = (...words) => JSON.parse(ok(process.execPath, [main, 'history', '--json', ...words], own));
  const [{ run }] = history().runs;
  const stages = new Map();
  for (const { instance, cpuSeconds } of history(run).instances) {
    const stage = instance.replace(/\[.*/, '');
    const { count, cpu } = stages.get(stage) ?? { count: 0, cpu: 0 };
    stages.set(stage, { count: count + 1, cpu: cpu + cpuSeconds });
  }
  return stages;
}

const pipelineOf = (own) =>
  parse(readFileSync(join(own, 'pipeline.yaml'), 'utf8'), { merge: true, maxAliasCount: -1 });

const pick = (from, names) => Object.fromEntries(names.map((name) => [name, from[name]]));

function timed(work) {
  const [started, before] = [performance.now(), cpuOfChildren()];
  work();
  return { wall: (performance.now() - started) / 1e3, cpu: cpuOfChildren() - before, megabytes: NaN };
}

function ok(program, words, cwd, environment = {}) {
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} failed:\n${stdout.slice(-2000)}${stderr}`);
  return stdout;
}
