import type { RunRequest } from '../../src/runner/project.ts';

/** What `pipeline run` asks for. */
export const wholeRun: RunRequest = {
  patterns: [],
  mode: 'needs',
  force: false,
  keepGoing: false,
  retryFailed: false,
  waitSeconds: 0,
};
