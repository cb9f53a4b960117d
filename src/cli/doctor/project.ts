import type { ProjectHealth } from '../../runner/project/project-health.ts';
import { durationText } from '../../runner/wording/duration-text.ts';
import { sizeText } from '../../runner/wording/size-text.ts';
import type { Finding } from './finding.ts';

/** Whether the results of a project are whole. */
export function cacheFinding({
  store: { results, objects, bytes, incomplete, damage },
}: ProjectHealth): Finding {
  if (damage !== undefined)
    return {
      part: 'cache',
      state: 'broken',
      message: `the database of the project (pipeline.sqlite) is damaged: ${damage}`,
      help: 'move the file away: results will be computed again',
    };
  const message = `${results} results, ${objects} objects, ${sizeText(bytes)}`;
  if (incomplete > 0)
    return {
      part: 'cache',
      state: 'warning',
      message:
        `${message}; ${incomplete} of the results lack an object ` +
        'and are computed again when they are needed',
      help: 'find out what is missing with `pipeline verify`',
    };
  return { part: 'cache', state: 'good', message };
}

/** Whether a run is in progress, or processes of a killed one are left. */
export function processesFinding({ run, leftOver }: ProjectHealth, now: number): Finding {
  if (run !== undefined)
    return {
      part: 'processes',
      state: 'good',
      message: `a run is in progress (pid ${run.pid}, started ${durationText((now - run.since) / 1000)} ago)`,
    };
  if (leftOver.length > 0)
    return {
      part: 'processes',
      state: 'warning',
      message: `left over from a killed run: ${leftOver.join(', ')}`,
      help: 'the next `pipeline run` stops them first',
    };
  return {
    part: 'processes',
    state: 'good',
    message: 'no run is in progress, and no processes are left over',
  };
}
