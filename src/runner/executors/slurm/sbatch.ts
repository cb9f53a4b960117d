import type { SlurmSettings } from '../../pipeline-file/executor-settings.ts';
import { shellQuoted } from '../../../files/shell-quoted.ts';
import type { Job } from '../executor.ts';
import type { QueuedJob } from '../remote/queue.ts';
import { queueLogPath } from '../remote/job-file.ts';
import { commentOf } from './parse-queue.ts';

/**
 * The words of sbatch for a job, or for several as an array. All options are on the command line, which comes
 * before the SBATCH_ variables of the user's environment and lines of the script.
 */
export function sbatchWords(jobs: readonly QueuedJob[], settings: SlurmSettings): readonly string[] {
  const [first] = jobs;
  if (first === undefined) return [];
  const { job, place } = first;
  const { cpus, gpus, memory, time = settings.time } = job.resources;
  const { partition, account, constraint, extra = [] } = settings;
  const isArray = place.includes('/');
  return [
    '--parsable',
    '--no-requeue',
    // A name of its own and "singleton": of two copies of a job the second waits for the first.
    `--job-name=${nameOf(job.name)}.${place.split('/')[0]}`,
    '--dependency=singleton',
    `--comment=${commentOf(place)}`,
    `--chdir=${job.root}`,
    `--output=${isArray ? '/dev/null' : escaped(logOf(job))}`,
    '--open-mode=append',
    '--nodes=1',
    '--ntasks=1',
    `--cpus-per-task=${cpus}`,
    ...(memory === 0 ? [] : [`--mem=${Math.ceil(memory / 2 ** 20)}M`]),
    ...(gpus === 0 ? [] : [`--gpus-per-node=${gpus}`]),
    ...(time === undefined ? [] : [`--time=${Math.max(1, Math.ceil(time / 60))}`]),
    // To the batch shell, which is the wrapper: without "B:" no process gets the signal.
    `--signal=B:USR1@${leadSeconds(time)}`,
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(account === undefined ? [] : [`--account=${account}`]),
    ...(constraint === undefined ? [] : [`--constraint=${constraint}`]),
    ...(isArray ? [`--array=0-${jobs.length - 1}`] : []),
    ...extra,
  ];
}

/** The file for a wrapper's errors that cannot be part of its result. */
const logOf = ({ folder, nonce }: Job): string => queueLogPath(folder, nonce);

/** sbatch replaces "%" with a letter in a path. */
const escaped = (path: string): string => path.replaceAll('%', '%%');

/** Of an instance, for people who list the queue. */
const nameOf = (name: string): string => name.replaceAll(/[^A-Za-z0-9.-]+/g, '-').replace(/-$/, '');

/** How long before its limit a job gets the signal: Slurm may be up to a minute early besides. */
const leadSeconds = (time: number | undefined): number => (time === undefined || time > 240 ? 60 : 10);

/** The batch script: setup lines, the project's folder, Node, and the wrapper of the job. */
export function batchScript(
  jobs: readonly QueuedJob[],
  { setup = [], node }: SlurmSettings,
  ownNode: string,
): string {
  const root = jobs[0]?.job.root ?? '/';
  const wanted = node ?? (setup.length > 0 ? undefined : ownNode);
  return [
    // A login shell knows "module".
    setup.length > 0 ? '#!/bin/bash -l' : '#!/bin/sh',
    ...setup,
    `cd ${shellQuoted(root)} || { echo "pipeline: $(hostname) cannot enter the project folder"; exit 92; }`,
    ...(wanted === undefined ? ['node='] : [`node=${shellQuoted(wanted)}`]),
    '[ -x "$node" ] || node=$(command -v node) || { echo "pipeline: no Node on $(hostname)"; exit 93; }',
    ...(jobs.length === 1 && !jobs[0]?.place.includes('/')
      ? [`exec "$node" ${quoted(jobs[0]?.wrapper ?? [])}`]
      : [
          'case "$SLURM_ARRAY_TASK_ID" in',
          ...jobs.map(
            ({ job, wrapper }, index) =>
              `${index}) exec "$node" ${quoted(wrapper)} >>${shellQuoted(logOf(job))} 2>&1 ;;`,
          ),
          'esac',
        ]),
    '',
  ].join('\n');
}

const quoted = (words: readonly string[]): string => words.map(shellQuoted).join(' ');
