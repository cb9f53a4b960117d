/** What the benchmarks against Python share: the processes of both sides, their answers, and the machine. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { folder } from './inputs.mjs';

const here = (file) => join(import.meta.dirname, file);

/** V8 optimizes as late as in the process of a stage (src/stage/child.ts). */
const v8Flags = process.versions.node.startsWith('20.') ? ['--interrupt-budget=800000'] : [];

export const ours = (kind, options) => [
  process.execPath,
  ...v8Flags,
  here('ours.mjs'),
  kind,
  JSON.stringify(options),
];

export const peer = (python, kind, options) => [
  python,
  here('peer.py'),
  folder,
  kind,
  JSON.stringify(options),
];

/** Runs a side in a new process: the JSON of its last line. */
export function answerOf([program, ...words]) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} failed:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

export function makeInputs(models) {
  const words = [here('make-inputs.mjs'), ...models];
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** Seconds, of child processes that have ended; Linux only. */
export function cpuOfChildren() {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Undefined where it is not installed. */
export function packageVersion(python, name) {
  const program = `import importlib.metadata as m; print(m.version("${name}"))`;
  const { status, stdout } = spawnSync(python, ['-c', program], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The processor, its load, and our engine. */
export function machine() {
  const { version } = JSON.parse(readFileSync(here('../node_modules/onnxruntime-node/package.json'), 'utf8'));
  return (
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} CPUs, ` +
    `load ${loadavg()[0].toFixed(1)}; Node ${process.version}, onnxruntime-node ${version}`
  );
}

export function shown(value) {
  if (Number.isNaN(value)) return '-';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
