import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlurmSettings } from '../../pipeline-file/executor-settings.ts';
import type { Job } from '../executor.ts';
import type { KnownJob, Queue, QueuedJob, QueueStatus, Submission } from '../remote/queue.ts';
import { mapAtMost } from '../remote/map-at-most.ts';
import type { Answer } from '../remote/queue-command.ts';
import { parseQueue, queueFormat, sightsIn } from './parse-queue.ts';
import { batchScript, sbatchWords } from './sbatch.ts';
import { slurmCommand } from './slurm-command.ts';

/** Jobs of a Slurm cluster, by the commands of Slurm. */
export function slurmQueue(settings: SlurmSettings, environment: NodeJS.ProcessEnv): Queue {
  const run = slurmCommand(environment);

  /**
   * Undefined: the controller does not answer. It is pinged first, which takes no patience where it is down.
   */
  async function statuses(): Promise<ReadonlyMap<string, QueueStatus> | undefined> {
    if ((await run(['scontrol', 'ping'])).code !== 0) return undefined;
    const { code, stdout } = await run([
      'squeue',
      '--noheader',
      '--array',
      '--states=all',
      `--user=${userInfo().username}`,
      `--format=${queueFormat}`,
    ]);
    return code === 0 ? sightsIn(parseQueue(stdout)) : undefined;
  }

  /** Submits a job or an array until it is known whether Slurm took it. */
  async function submitGroup(jobs: readonly QueuedJob[]): Promise<readonly Submission[]> {
    const words = ['sbatch', ...sbatchWords(jobs, settings)];
    const script = batchScript(jobs, settings, process.execPath);
    const all = (submission: Submission): readonly Submission[] => jobs.map(() => submission);
    const deadline = performance.now() + retryMilliseconds;
    for (let wait = 1000; ; wait = Math.min(2 * wait, 30_000)) {
      const answer = await run(words, script);
      const id = /^(\d+)(;|$)/m.exec(answer.stdout)?.[1];
      if (answer.code === 0 && id !== undefined)
        return jobs.map(({ place }) => {
          const index = place.split('/')[1];
          return { kind: 'submitted', id: index === undefined ? id : `${id}_${index}` };
        });
      if (!isUnknown(answer)) return all({ kind: 'refused', message: refusalText(answer) });
      const found = await ghosts(jobs, deadline);
      if (found !== undefined) return found;
      if (performance.now() > deadline)
        return all({ kind: 'refused', message: `Slurm does not answer: ${refusalText(answer)}` });
      await sleep(wait);
    }
  }

  /**
   * Jobs that Slurm accepted although sbatch failed: a controller that hung handles pending requests when it
   * resumes. So the queue is queried twice, some time apart, once it answers.
   */
  async function ghosts(
    jobs: readonly QueuedJob[],
    deadline: number,
  ): Promise<readonly Submission[] | undefined> {
    for (let times = 0; times < 2 && performance.now() < deadline;) {
      await sleep(ghostMilliseconds);
      const seen = await statuses();
      if (seen === undefined) continue;
      times += 1;
      const found = jobs.flatMap(({ place }): readonly Submission[] => {
        const status = seen.get(place);
        return status === undefined ? [] : [{ kind: 'submitted', id: status.id }];
      });
      if (found.length === jobs.length) return found;
    }
    return undefined;
  }

  return {
    places: (jobs) => placesOf(jobs, settings.array ?? 1),
    async submit(jobs) {
      const groups = new Map<string, QueuedJob[]>();
      for (const queued of jobs) {
        const base = queued.place.split('/')[0] ?? '';
        groups.set(base, [...(groups.get(base) ?? []), queued]);
      }
      return (await mapAtMost(atOnce, [...groups.values()], submitGroup)).flat();
    },
    statuses: statuses,
    async cancel(jobs: readonly KnownJob[]) {
      // Ids are reused after a crash of the controller: only a job that still has the runner's comment is
      // cancelled.
      const seen = await statuses();
      const ids = jobs.flatMap(({ place }) => {
        const status = seen?.get(place);
        return status === undefined || status.kind === 'ended' ? [] : [status.id];
      });
      for (let start = 0; start < ids.length; start += idsAtOnce)
        await run(['scancel', ...ids.slice(start, start + idsAtOnce)]);
    },
  };
}

/** Submissions at once: each waits for the controller most of its time. */
const atOnce = 4;
const idsAtOnce = 500;
/** How long a controller that does not respond is retried. */
const retryMilliseconds = 600_000;
const ghostMilliseconds = 2000;

/**
 * The places of jobs: the nonce of each, or that of the first of an array with the index. Jobs of one array
 * are neighbours that ask for the same.
 */
export function placesOf(jobs: readonly Job[], mostOfArray: number): readonly string[] {
  const places: string[] = [];
  let base: Job | undefined;
  let index = 0;
  for (const [number, job] of jobs.entries()) {
    const fits =
      base !== undefined &&
      index < mostOfArray &&
      JSON.stringify(base.resources) === JSON.stringify(job.resources);
    if (!fits || base === undefined) {
      base = job;
      index = 0;
    }
    const next = jobs[number + 1];
    const isAlone =
      index === 0 &&
      (mostOfArray === 1 ||
        next === undefined ||
        JSON.stringify(next.resources) !== JSON.stringify(job.resources));
    places.push(isAlone ? job.nonce : `${base.nonce}/${index}`);
    index += 1;
  }
  return places;
}

/** Exit code 1 covers both a refusal and an unknown outcome: only the text distinguishes them. */
const isUnknown = ({ code, stderr }: Answer): boolean =>
  (code === null && !/ENOENT/.test(stderr)) || isOutOfReach.test(stderr);

const isOutOfReach = new RegExp(
  [
    'Socket timed out',
    'connect failure',
    'Unable to contact',
    'Connection (refused|reset|timed out)',
    'Zero Bytes',
    'temporarily unable',
  ].join('|'),
  'i',
);

const refusalText = ({ stderr, code }: Answer): string => {
  const text = stderr
    .split('\n')
    .map((line) => line.replace(/^sbatch: (error: )?/, '').trim())
    .filter((line) => line !== '')
    .join('; ');
  return text === '' ? `sbatch exited with ${code}` : `sbatch: ${text}`;
};
