/**
 * npm run bench:runtimes [-- NAME... --rounds 3 --threads 1,2 --python python3 --tensorflow FOLDER]: the
 * engines beside PyTorch, on one and on two threads: a step of full fine-tuning, also with products of
 * bfloat16, the loss of an evaluation, and greedy and beam search. Every side runs in its own processes, in
 * turn. FOLDER, once or several times: of a TensorFlow; by default what `pipeline setup tensorflow` has
 * installed. Needs `npm run build`.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { engineFolder, readInstalled } from '../dist/package/src/files/installed-engine.js';
import { valueOf } from './inputs.mjs';
import { answerOf, machine, makeInputs, ours, packageVersion, peer, shown } from './sides.mjs';

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1,2' },
    python: { type: 'string', default: 'python3' },
    tensorflow: { type: 'string', multiple: true, default: installed() },
  },
  allowPositionals: true,
});

const nano = { model: 'nano', batch: 8, length: 48 };
const small = { model: 'small', batch: 4, length: 64 };
const works = [
  { name: 'step-nano', title: 'step, nano', kind: 'step', options: { ...nano, steps: 20, warm: 3 } },
  { name: 'step-small', title: 'step, small', kind: 'step', options: { ...small, steps: 5, warm: 2 } },
  { name: 'loss-nano', title: 'loss, nano', kind: 'evaluate', options: { ...nano, steps: 20, warm: 3 } },
  { name: 'loss-small', title: 'loss, small', kind: 'evaluate', options: { ...small, steps: 5, warm: 2 } },
  ...[1, 4].flatMap((beams) => {
    const search = beams === 1 ? 'greedy search' : `${beams} beams`;
    const searched = { kind: 'generate', options: { count: 8, batch: 8, tokens: 32, beams } };
    return ['nano', 'small'].map((model) => ({
      ...searched,
      name: `${beams === 1 ? 'greedy' : 'beams'}-${model}`,
      title: `${search}, ${model}`,
      options: { ...searched.options, model },
    }));
  }),
];
const unknown = positionals.find((name) => !works.some((work) => work.name === name));
if (unknown !== undefined)
  throw new Error(`there is no "${unknown}"; there are ${works.map(({ name }) => name).join(', ')}`);

const torch = packageVersion(values.python, 'torch');
console.log(`${machine()}; torch ${torch ?? 'not installed: skipped'}\n`);
makeInputs(['nano', 'small']);
console.log(
  '| what | threads | engine | CPU ms: least / median | wall ms: least / median | MB | CPU to torch |',
);
console.log('| --- | ---: | --- | ---: | ---: | ---: | ---: |');
for (const work of works) {
  if (positionals.length > 0 && !positionals.includes(work.name)) continue;
  for (const threads of values.threads.split(',').map(Number)) {
    const sides = sidesOf(work, threads).map((side) => ({ ...side, answers: [] }));
    for (let round = 0; round < Number(values.rounds); round += 1)
      for (const { run, answers } of sides) answers.push(run());
    const reference = sides.find(({ engine }) => engine === 'torch');
    for (const side of sides) console.log(lineOf(work, threads, side, reference));
  }
}

function sidesOf({ kind, options }, threads) {
  const engine = (name, precision) => {
    const all = { ...options, threads, engine: name, ...(precision === undefined ? {} : { precision }) };
    return { engine: precision, run: () => answerOf(ours(kind, all)) };
  };
  const python = (precision) => {
    const all = { ...options, threads, ...(precision === undefined ? {} : { precision }) };
    return {
      engine: ['torch', precision].filter(Boolean).join(', '),
      run: () => answerOf(peer(values.python, kind, all)),
    };
  };
  const precisions = kind === 'step' ? [undefined, 'bf16'] : [undefined];
  return [
    engine('onnx'),
    ...values.tensorflow.flatMap((folder) => precisions.map((precision) => engine(folder, precision))),
    ...(torch === undefined ? [] : precisions.map(python)),
  ];
}

/** Least and median. */
function milliseconds(times) {
  return `${shown(times[0] * 1e3)} / ${shown(times[times.length >> 1] * 1e3)}`;
}

/** The times of all parts of all rounds: batches are alike. */
function lineOf({ title }, threads, { engine, answers }, reference) {
  const [cpu, wall] = ['cpu', 'wall'].map((of) => sortedTimes(answers, of));
  const name = [answers[0].version, engine].filter(Boolean).join(', ');
  const ratio =
    reference === undefined ? '-' : (cpu[0] / sortedTimes(reference.answers, 'cpu')[0]).toFixed(2);
  const megabytes = shown(Math.max(...answers.map((answer) => answer.megabytes)));
  return `| ${[title, threads, name, milliseconds(cpu), milliseconds(wall), megabytes, ratio].join(' | ')} |`;
}

function sortedTimes(answers, of) {
  return answers.flatMap(({ times }) => times.map((time) => time[of])).sort((a, b) => a - b);
}

function installed() {
  const folder = engineFolder('tensorflow', process.env, homedir());
  const found = valueOf(readInstalled(folder));
  return found === undefined ? [] : [join(folder, found.folder)];
}
