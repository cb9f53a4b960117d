/**
 * `crash-at.js N SUPERVISOR STAGE-CHILD JOB-WRAPPER`: runs the pipeline of the current folder, an instance at
 * a time, and kills itself, as kill -9 would, before the Nth step that changes the disk or the rows. Tells
 * each step, and `end` if it lives that long.
 */
import { writeSync } from 'node:fs';
import { startSupervisor } from '../../src/runner/executors/local/start-supervisor.ts';
import { openProject } from '../../src/runner/project.ts';
import { changes, watchedDisk } from './disk-twins.ts';
import { watchRows } from './watch-rows.ts';
import { wholeRun } from './whole-run.ts';

const [, , nth = '', supervisor = '', stageChild = '', jobWrapper = ''] = process.argv;
let steps = 0;

function step(name: string): void {
  steps += 1;
  if (steps === Number(nth)) process.kill(process.pid, 'SIGKILL');
  writeSync(1, `${name}\n`);
}

watchRows(['run'], (statement) => step(`row: ${statement.split(/\s+/).slice(0, 5).join(' ')}`));
const disk = watchedDisk((call) => {
  if (changes(call)) step(`${call.name}: ${call.paths.flatMap(kindOfPlace).join(' -> ')}`);
});

/**
 * What stands at a path, without what differs from project to project; nothing for a text that is no path of
 * the project's.
 */
const kindOfPlace = (path: string): readonly string[] =>
  /^\/[^\n]*\/(cache\/[a-z]+|artifacts)(\/|$)/.exec(path)?.slice(1, 2) ?? [];

const never = new AbortController().signal;
const project = await openProject(
  { folder: process.cwd() },
  {
    disk,
    helpers: { supervisor: () => startSupervisor(supervisor), stageChild, jobWrapper, askChild: '' },
    environment: process.env,
    now: () => BigInt(Date.now()) * 1_000_000n,
    retryDelay: () => 0,
  },
);
await project.run(
  {
    ...wholeRun,
    jobs: 1,
  },
  () => undefined,
  { graceful: never, hard: never },
);
project.close();
writeSync(1, 'end\n');
