/**
 * Measures the cost of Slurm jobs: submission, one at a time and as arrays, a poll of the queue, and
 * cancelling. node bench/slurm.mjs [jobs…], on an idle cluster that SLURM_CONF or /etc/slurm names. A
 * blocking job takes all nodes meanwhile, so that none of the others runs; all are cancelled.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1000];
const main = resolve('dist/main.js');
const format = '--format=%i|%A|%F|%K|%T|%r|%N|%V|%S|%k';

/** Milliseconds. */
function timed(folder, file, words) {
  const began = performance.now();
  const { status, stderr } = spawnSync(file, words, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${file} ${words.join(' ')}: ${stderr}`);
  return performance.now() - began;
}

function measured(count, array) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const nodes = execFileSync('sinfo', ['--noheader', '--format=%D'], { encoding: 'utf8' }).trim();
  let blocker = '';
  try {
    const settings = { jobs: count, interval: 1, grace: 3, ...(array === undefined ? {} : { array }) };
    const values = Array.from({ length: count }, (_, n) => n);
    const stages = { a: { matrix: { n: values }, cmd: ['true', '${n}'] } };
    const file = { name: 'b', executor: 'slurm', executors: { slurm: settings }, stages };
    writeFileSync(join(folder, 'pipeline.yaml'), JSON.stringify(file));
    const run = (...words) => timed(folder, process.execPath, [main, ...words]);
    // The first job finds out what the nodes are.
    run('run', 'a:0');
    const planned = run('run', '--dry-run');
    blocker = execFileSync(
      'sbatch',
      ['--parsable', `--nodes=${nodes}`, '--exclusive', '--output=/dev/null', '--wrap', 'sleep 3600'],
      { cwd: folder, encoding: 'utf8' },
    ).trim();
    const submitted = run('run', '--force', '--detach');
    const polled = timed(folder, 'squeue', ['--noheader', '--array', '--states=all', format]);
    const cancelled = run('cancel');
    return { planned, submitted, polled, cancelled };
  } finally {
    if (blocker !== '') execFileSync('scancel', [blocker]);
    rmSync(folder, { recursive: true, force: true });
  }
}

const shown = (milliseconds) => `${milliseconds.toFixed(milliseconds < 20 ? 1 : 0)} ms`;
const row = (...cells) => console.log(cells.map((cell) => String(cell).padEnd(10)).join(''));
row('jobs', 'array', 'dry run', 'submit', 'a job', 'squeue', 'cancel');
for (const count of counts)
  for (const array of [undefined, 100]) {
    const { planned, submitted, polled, cancelled } = measured(count, array);
    const each = (submitted - planned) / count;
    row(count, array ?? '-', ...[planned, submitted, each, polled, cancelled].map(shown));
  }
