import { writeFile } from 'node:fs/promises';
import type { Job, Platform } from '../executor.ts';
import type { HelperPrograms } from '../helper-programs.ts';
import { type JobFile, jobFilePath, reservePath } from './job-file.ts';
import type { QueuedJob } from './queue.ts';
import { writeShared } from './shared-file.ts';
import { storedProgram } from './stored-program.ts';

interface JobSetting {
  readonly root: string;
  readonly helpers: HelperPrograms;
  /** The nodes' platform; undefined: not known yet. */
  readonly platform: Platform | undefined;
  /** Lines of shell that precede a job. */
  readonly setup: readonly string[];
}

/** Writes the file that a job reads, before it is submitted. */
export async function writeJob(
  { root, helpers, platform, setup }: JobSetting,
  job: Job,
  place: string,
  more: Partial<JobFile> = {},
): Promise<QueuedJob> {
  const file: JobFile = {
    nonce: job.nonce,
    place,
    root,
    program:
      job.program.kind === 'stage'
        ? {
            kind: 'stage',
            child: await storedProgram(root, helpers.stageChild),
            bundle: job.program.bundle,
          }
        : job.program,
    environment: job.environment,
    // Setup lines give the node a PATH and libraries that differ from this machine's.
    ofNode: setup.length > 0 ? ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'HOME'] : ['TMPDIR'],
    output: job.output,
    scratch: job.scratch,
    platform: platform ?? null,
    stamps: [...job.stamps],
    timeoutSeconds: job.timeoutSeconds,
    ...more,
  };
  await writeFile(reservePath(job.folder, job.nonce), Buffer.alloc(reserveBytes, ' '));
  await writeShared(jobFilePath(job.folder), JSON.stringify(file));
  return { job, place, wrapper: [await storedProgram(root, helpers.jobWrapper), job.folder, job.nonce] };
}

/** More than a result takes. */
const reserveBytes = 8192;
