/**
 * `crash-at.js N`: runs the pipeline of the current folder and kills itself, as kill -9 would, at the Nth operation that
 * changes the disk. Prints how many there were, if it lives to the end.
 */
import { openProject } from '../../src/runner/project.ts';
import { changes, watchedDisk } from './disk-twins.ts';

let left = Number(process.argv[2]);
let count = 0;
const disk = watchedDisk((call) => {
  if (!changes(call)) return;
  count += 1;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
});

const never = new AbortController().signal;
const [supervisor = '', stageChild = ''] = process.argv.slice(3);
const project = await openProject({ folder: process.cwd() }, { disk, companions: { supervisor, stageChild }, environment: process.env, now: () => BigInt(Date.now()) * 1_000_000n, retryDelay: () => 0 });
await project.run({ patterns: [], mode: 'needs', force: false, keepGoing: false, retryFailed: false, waitSeconds: 0 }, () => undefined, { gentle: never, hard: never });
project.close();
console.log(count);
