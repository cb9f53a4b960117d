/**
 * Measures the cost of an out of many small files, here and with DVC:   node bench/many-files.mjs [files]
 * [rounds] DVC=path/to/dvc sets the program; without it, only this project is measured. Each round: publish
 * an out for the first time (the stage's own time included, and measured alone as "stage"), run with nothing
 * to do, restore the out after one file was edited. DVC never calls fsync; here, objects and their names are
 * synced before they count. "without sync": the same with syncs made a no-op in the measured process.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const files = Number(process.argv[2] ?? 20_000);
const rounds = Number(process.argv[3] ?? 3);
const dvc = process.env.DVC ?? 'dvc';
const main = resolve(import.meta.dirname, '../dist/main.js');
const content = (file) => `file ${file}\n`.repeat(20);

const makeFiles = `
const { mkdirSync, writeFileSync } = require('node:fs');
const out = process.argv[2];
for (let file = 0; file < ${files}; file++) {
  const folder = out + '/' + Math.floor(file / 1000);
  if (file % 1000 === 0) mkdirSync(folder, { recursive: true });
  writeFileSync(folder + '/' + file + '.txt', ('file ' + file + '\\n').repeat(20));
}`;
const noSync = `
const fs = require('node:fs');
const processes = require('node:child_process');
const { execFile } = processes;
fs.fsync = (file, done) => process.nextTick(done, null);
processes.execFile = (file, words, done) =>
  file === '/bin/sync' ? process.nextTick(done, null) : execFile(file, words, done);
require('node:module').syncBuiltinESMExports();`;

function timed(folder, [program, ...words]) {
  const started = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, DVC_NO_ANALYTICS: '1', NO_COLOR: '1' },
  });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${error ?? stdout + stderr}`);
  return { seconds: (performance.now() - started) / 1000, output: stdout + stderr };
}

function ours(folder, flags) {
  writeFileSync(
    join(folder, 'pipeline.yaml'),
    JSON.stringify({
      stages: {
        make: { cmd: ['node', 'make.cjs', '${outs.d}'], deps: { make: 'make.cjs' }, outs: { d: 'd' } },
      },
    }),
  );
  const run = () => timed(folder, [process.execPath, ...flags, main, 'run']);
  return { out: 'artifacts/pipeline/make/d', run, restore: run };
}

function dvcProject(folder) {
  timed(folder, [dvc, 'init', '--no-scm']);
  writeFileSync(
    join(folder, 'dvc.yaml'),
    'stages: {make: {cmd: node make.cjs d, deps: [make.cjs], outs: [d]}}',
  );
  return {
    out: 'd',
    run: () => timed(folder, [dvc, 'repro']),
    restore: () => timed(folder, [dvc, 'checkout', '--force']),
  };
}

const hasDvc = spawnSync(dvc, ['--version'], { encoding: 'utf8' });
const noSyncFile = join(mkdtempSync(join(tmpdir(), 'many-files-')), 'no-sync.cjs');
writeFileSync(noSyncFile, noSync);
const sides = {
  pipeline: (folder) => ours(folder, []),
  'pipeline, without sync': (folder) => ours(folder, ['--require', noSyncFile]),
  ...(hasDvc.status === 0 ? { [`DVC ${hasDvc.stdout.trim()}`]: dvcProject } : {}),
};
if (hasDvc.status !== 0) console.log('DVC: skipped, not installed (name it by DVC=path/to/dvc)');

const times = new Map();
const note = (side, what, seconds) =>
  times.set(`${side}: ${what}`, [...(times.get(`${side}: ${what}`) ?? []), seconds]);

for (let round = 0; round < rounds; round++) {
  for (const [side, open] of Object.entries(sides)) {
    const folder = mkdtempSync(join(tmpdir(), 'many-files-'));
    try {
      writeFileSync(join(folder, 'make.cjs'), makeFiles);
      note(side, 'stage', timed(folder, [process.execPath, 'make.cjs', 'alone']).seconds);
      rmSync(join(folder, 'alone'), { recursive: true });
      const { out, run, restore } = open(folder);
      note(side, 'cold publish', run().seconds);
      // The first run may still record files that were too young before.
      run();
      note(side, 'nothing to do', run().seconds);
      const edited = join(folder, out, '0/7.txt');
      appendFileSync(edited, 'edited');
      note(side, 'restore, one file differs', restore().seconds);
      if (readFileSync(edited, 'utf8') !== content(7)) throw new Error(`${side} did not restore ${edited}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}
const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) =>
  (sorted(values)[(values.length - 1) >> 1] + sorted(values)[values.length >> 1]) / 2;
console.log(`${files} files, ${rounds} rounds: minimum / median, seconds`);
for (const [what, seconds] of times)
  console.log(`${what.padEnd(52)} ${Math.min(...seconds).toFixed(2)} / ${median(seconds).toFixed(2)}`);
console.log(
  `node ${process.version}, ${cpus().length} CPUs (${cpus()[0]?.model}), load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
