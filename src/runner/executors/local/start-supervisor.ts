import type { SupervisorProcess } from './supervisor-client.ts';

/** Starts the built program `supervisor.js`, in a session of its own. */
export function startSupervisor(program: string): SupervisorProcess {
  // Imported lazily: a run with nothing to do starts nothing.
  const { spawn } = process.getBuiltinModule('node:child_process');
  return spawn(process.execPath, [program], { detached: true, stdio: ['pipe', 'pipe', 'ignore'], env: {} });
}
