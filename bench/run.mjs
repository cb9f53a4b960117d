/**
 * npm run bench [-- ROW... --rounds 3 --python python3 --dvc dvc]: measures the rows of rows.mjs, or the named
 * ones, on both sides in turn, each time in new processes. Prints a table: least and median of the rounds,
 * where a round is the least of its parts. CPU time on one thread is the figure that repeats. A side whose
 * packages are not installed is left out by name. Needs `npm run build`; the rows `idle` and `experiment` make
 * projects of their own.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { experimentSides } from './experiment/experiment-sides.mjs';
import { rows } from './rows.mjs';
import { answerOf, cpuOfChildren, machine, makeInputs, ours, packageVersion, peer, shown } from './sides.mjs';

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    python: { type: 'string', default: 'python3' },
    dvc: { type: 'string', default: 'dvc' },
  },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !rows.some((row) => row.name === name));
if (unknown !== undefined)
  throw new Error(`there is no row "${unknown}"; there are ${rows.map(({ name }) => name).join(', ')}`);
const chosen = rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const main = join(import.meta.dirname, '../dist/main.js');

const peers = Object.fromEntries(
  ['torch', 'transformers', 'peft', 'sentencepiece', 'bert-score', 'rouge-score'].map((name) => [
    name,
    packageVersion(values.python, name),
  ]),
);
peers.dvc = dvcVersion();
const versions = Object.entries(peers).map(([name, found]) => `${name} ${found ?? 'not installed: skipped'}`);
console.log([machine(), ...versions].join(', '));
console.log(
  '\n| row | threads | CPU s, ours: least / median | CPU s, peer: least / median | ratio of least ' +
    '| wall s, ours / peer | MB, ours / peer |\n| --- | --- | --- | --- | --- | --- | --- |',
);
makeInputs(new Set(['nano', ...chosen.flatMap(({ options: { model, encoder } }) => model ?? encoder ?? [])]));
const sidesOf = { idle: idleSides, experiment: wholeExperiment };
for (const row of chosen) {
  const sides = (sidesOf[row.kind] ?? enginesOf)(row);
  const found = sides.map(() => []);
  for (let round = 0; round < Number(values.rounds); round += 1)
    sides.forEach((side, index) => side !== undefined && found[index].push(side()));
  console.log(lineOf(row, found));
}

function enginesOf({ kind, options, peer: python }) {
  const mine = () => leastOf(answerOf(ours(kind, options)));
  const theirs = () => leastOf(answerOf(peer(values.python, kind, options)));
  return [mine, peers[python] === undefined ? undefined : theirs];
}

function leastOf({ times, megabytes }) {
  const fastest = (of) => Math.min(...times.map((time) => time[of]));
  return { cpu: fastest('cpu'), wall: fastest('wall'), megabytes };
}

/** With DVC and all the packages; prints where our CPU time went after each of our runs. */
function wholeExperiment(row) {
  const { python, dvc } = values;
  const complete = Object.values(peers).every((version) => version !== undefined);
  return experimentSides(row, {
    python,
    dvc: complete ? dvc : undefined,
    onStages(stages) {
      const parts = Array.from(
        stages,
        ([stage, { count, cpu }]) => `${stage} ${cpu.toFixed(1)} s (${count})`,
      );
      console.error(`our CPU time by stage: ${parts.join(', ')}`);
    },
  });
}

function dvcVersion() {
  const { status, stdout } = spawnSync(values.dvc, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Several processes a round: the CPU time of a short one is known to 10 ms only. */
function idleSides({ options: { runs } }) {
  const project = mkdtempSync(join(tmpdir(), 'bench-idle-'));
  process.on('exit', () => rmSync(project, { recursive: true, force: true }));
  const stage = {
    matrix: { n: Array.from({ length: 46 }, (_, n) => n) },
    cmd: 'echo ${n} > ${outs.o}',
    outs: { o: 'o' },
  };
  writeFileSync(join(project, 'pipeline.yaml'), JSON.stringify({ stages: { s: stage } }));
  const run = (words) => {
    const { status, stderr } = spawnSync(process.execPath, words, { cwd: project, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stderr;
  };
  // A few runs that warm up the cache.
  for (let round = 0; round < 6; round += 1) run([main, 'run']);
  const timed = (words) => () => {
    const [started, before] = [performance.now(), cpuOfChildren()];
    for (let index = 0; index < runs; index += 1) run(words);
    return {
      wall: (performance.now() - started) / 1e3 / runs,
      cpu: (cpuOfChildren() - before) / runs,
      megabytes: NaN,
    };
  };
  return [timed([main, 'run']), timed(['-e', '0'])];
}

function lineOf({ title, options }, [mine, theirs]) {
  const both = (found, of) =>
    found.length === 0
      ? 'skipped'
      : `${shown(least(found, of))} / ${shown(sorted(found, of)[found.length >> 1])}`;
  const pair = (of) =>
    [mine, theirs].map((found) => (found.length === 0 ? '-' : shown(least(found, of)))).join(' / ');
  const ratio = theirs.length === 0 ? '-' : (least(mine, 'cpu') / least(theirs, 'cpu')).toFixed(2);
  const cells = [
    title,
    options.threads ?? 1,
    both(mine, 'cpu'),
    both(theirs, 'cpu'),
    ratio,
    pair('wall'),
    pair('megabytes'),
  ];
  return `| ${cells.join(' | ')} |`;
}

function sorted(found, of) {
  return found.map((each) => each[of]).sort((a, b) => a - b);
}

function least(found, of) {
  return sorted(found, of)[0];
}
