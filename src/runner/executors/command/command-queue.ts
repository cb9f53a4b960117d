import { writeFileSync } from 'node:fs';
import { shellQuoted } from '../../../files/shell-quoted.ts';
import type { CommandSettings } from '../../pipeline-file/executor-settings.ts';
import { type Answer, queueCommand } from '../remote/queue-command.ts';
import type { KnownJob, Queue, QueuedJob, QueueStatus, Submission } from '../remote/queue.ts';

/**
 * A queue defined by three commands of the user: one submits a script, one reports the state of a job, one
 * cancels it. A job is identified by the id that the first prints; if the runner died before it read that, by
 * its files alone.
 */
export function commandQueue(settings: CommandSettings, root: string, environment: NodeJS.ProcessEnv): Queue {
  const run = (words: readonly string[], values: Readonly<Record<string, string>>): Promise<Answer> =>
    queueCommand(
      words.map((word) => word.replaceAll(/\$\{(\w+)\}/g, (all, name: string) => values[name] ?? all)),
      { folder: root, environment, longestMilliseconds },
    );

  async function submit({ job, wrapper }: QueuedJob): Promise<Submission> {
    const script = `${job.folder}/${job.nonce}.sh`;
    writeFileSync(script, scriptOf(job.root, wrapper, settings), { mode: 0o700 });
    const { code, stdout, stderr } = await run(settings.submit, {
      script,
      name: job.name.replaceAll(/[^A-Za-z0-9.-]+/g, '-'),
      nonce: job.nonce,
      cpus: String(job.resources.cpus),
      gpus: String(job.resources.gpus),
      memory: String(Math.ceil(job.resources.memory / 2 ** 20)),
      seconds: String(Math.ceil(job.resources.time ?? 0)),
    });
    const id = stdout.trim().split('\n').at(-1)?.trim() ?? '';
    if (code === 0 && id !== '') return { kind: 'submitted', id };
    const reason = stderr.trim() === '' ? `it exited with ${code} and printed no id` : stderr.trim();
    return { kind: 'refused', message: `${settings.submit[0]}: ${reason}` };
  }

  async function statusesOf(
    jobs: readonly KnownJob[],
  ): Promise<ReadonlyMap<string, QueueStatus> | undefined> {
    const statuses = new Map<string, QueueStatus>();
    for (const { place, id } of jobs) {
      if (id === '') continue;
      const { code, stdout } = await run(settings.poll, { id, nonce: place });
      const word = stdout.trim();
      // A job that cannot be queried now must not make other jobs seem gone.
      if (code !== 0 || !['pending', 'running', 'gone'].includes(word)) return undefined;
      if (word === 'pending') statuses.set(place, { kind: 'pending', id });
      if (word === 'running') statuses.set(place, { kind: 'running', id, node: 'another machine' });
    }
    return statuses;
  }

  return {
    places: (jobs) => jobs.map(({ nonce }) => nonce),
    async submit(jobs) {
      const submissions: Submission[] = [];
      for (const job of jobs) submissions.push(await submit(job));
      return submissions;
    },
    statuses: statusesOf,
    async cancel(jobs) {
      for (const { id, place } of jobs) if (id !== '') await run(settings.cancel, { id, nonce: place });
    },
  };
}

/** The script that a job runs: setup lines, the project's folder, Node, and the wrapper. */
function scriptOf(root: string, wrapper: readonly string[], { setup = [], node }: CommandSettings): string {
  const own = node ?? (setup.length > 0 ? 'node' : process.execPath);
  return [
    '#!/bin/sh',
    ...setup,
    `cd ${shellQuoted(root)} || { echo "pipeline: $(hostname) cannot enter the project folder"; exit 92; }`,
    `exec ${[own, ...wrapper].map(shellQuoted).join(' ')}`,
    '',
  ].join('\n');
}

const longestMilliseconds = 120_000;
