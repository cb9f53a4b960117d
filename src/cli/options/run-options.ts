import { type Command, InvalidArgumentError } from 'commander';
import type { RunRequest, Selection } from '../../runner/project.ts';
import { withPipelineOptions, type PipelineOptions } from './project-options.ts';
import { wholeNumber } from './whole-number.ts';

/** The options of `pipeline run`, as commander parses them. */
export interface RunOptions extends PipelineOptions {
  readonly only?: true;
  readonly from?: string;
  readonly until?: string;
  readonly dryRun?: true;
  readonly smoke?: true;
  readonly force?: true;
  readonly jobs?: number;
  readonly keepGoing?: true;
  readonly retryFailed?: true;
  readonly allowMissing?: true;
  readonly adopt?: true;
  readonly overwrite?: true;
  readonly watch?: true;
  readonly remote?: true;
  readonly wait?: true | number;
  readonly events?: string;
  readonly executor?: string;
  readonly detach?: true;
}

/**
 * Adds the options of `pipeline run`: to the command, and to the check for nothing to do, which runs before
 * the command is loaded.
 */
export function withRunOptions(command: Command): Command {
  return withPipelineOptions(command)
    .description('Run what is out of date. With names: those instances and what they depend on.')
    .argument('[names...]', 'stages or instances, such as train, "train[aimc,*]" or train:aimc,lora')
    .option('--only', 'run only the named instances; use existing outputs of their dependencies')
    .option('--from <stage>', 'run this stage and everything that depends on it')
    .option('--until <stage>', 'run this stage and everything that it depends on')
    .option('--dry-run', 'show what would run and why, without running it')
    .option('--smoke', 'try every stage on a few rows and steps, in a separate folder')
    .option('--remote', 'with --dry-run: also look in the shared cache')
    .option('--force', 'also run instances that are up to date')
    .option(
      '--adopt',
      'take existing output files of the named instances as their results, without running them',
    )
    .option('--overwrite', 'replace output files of the named instances that no run wrote')
    .option('--jobs <count>', 'run at most this many instances at the same time', wholeNumber(1))
    .option('--keep-going', 'after a failure, run the instances that do not depend on it')
    .option('--retry-failed', 'run only instances that failed, were blocked or were interrupted')
    .option('--allow-missing', 'use the recorded digests of data that is missing on this machine')
    .option('--watch', 'run again whenever data, code or the pipeline file changes')
    .option('--wait [seconds]', 'wait for another run to finish, for at most this many seconds', positive)
    .option('--executor <name>', 'run all stages there: local, slurm, or a name below "executors"')
    .option('--detach', 'submit to queues whatever is ready, then exit; start nothing on this machine')
    .option('--events <file>', 'write events to a file, one JSON object per line')
    .addHelpText(
      'after',
      '\nExamples:\n  pipeline run                          everything that is out of date\n  ' +
        'pipeline run "train[aimc,gs_*]"       the grid points of one data set\n  pipeline run --only ' +
        'eval              evaluate again, train nothing\n  pipeline run --dry-run --set vars.seed=7\n ' +
        ' pipeline run --smoke                  the whole path in a minute, before a long run',
    );
}

/** Undefined where the options contradict each other. */
export function selectionOf(
  names: readonly string[],
  { only, from, until }: RunOptions,
): Selection | undefined {
  if (
    [only, from, until].filter((option) => option !== undefined).length > 1 ||
    (only === true && names.length === 0)
  )
    return undefined;
  if (from !== undefined || until !== undefined)
    return names.length > 0
      ? undefined
      : { patterns: [from ?? until ?? ''], mode: from === undefined ? 'until' : 'from' };
  return { patterns: names, mode: only === true ? 'only' : 'needs' };
}

/** The request of a run of a selection. */
export function requestOf(
  selection: Selection,
  { force, keepGoing, retryFailed, allowMissing, adopt, overwrite, remote, jobs, wait, detach }: RunOptions,
): RunRequest {
  return {
    ...selection,
    force: force === true,
    keepGoing: keepGoing === true,
    retryFailed: retryFailed === true,
    allowMissing: allowMissing === true,
    remote: remote === true,
    ...(adopt === true ? { existingOuts: 'adopt' } : overwrite === true ? { existingOuts: 'overwrite' } : {}),
    waitSeconds: wait === true ? Infinity : (wait ?? 0),
    ...(jobs === undefined ? {} : { jobs }),
    ...(detach === true ? { detach } : {}),
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('expected a number above 0.');
  return value;
}
