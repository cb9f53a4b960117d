import { fileURLToPath } from 'node:url';
import { startSupervisor } from './local/start-supervisor.ts';
import type { SupervisorProcess } from './local/supervisor-client.ts';

/** Where the programs lie that run beside the command line: next to it, in the built package. */
export interface HelperPrograms {
  /** Starts the supervisor of a run. */
  readonly supervisor: () => SupervisorProcess;
  readonly stageChild: string;
  readonly jobWrapper: string;
  readonly askChild: string;
}

/** The programs beside the built file that calls this. */
export const builtHelperPrograms = (): HelperPrograms => ({
  supervisor: () => startSupervisor(fileURLToPath(new URL('./supervisor.js', import.meta.url))),
  stageChild: fileURLToPath(new URL('./stage-child.js', import.meta.url)),
  jobWrapper: fileURLToPath(new URL('./job-wrapper.js', import.meta.url)),
  askChild: fileURLToPath(new URL('./ask-child.js', import.meta.url)),
});
