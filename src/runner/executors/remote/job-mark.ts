import { jobVariable, type Mark } from '../local/processes.ts';

/** What all processes of a job in a queue carry, and those of stages of this machine never. */
export const jobMark = (nonce: string, output: string): Mark => ({
  environment: `${jobVariable}=${nonce}`,
  output,
});
