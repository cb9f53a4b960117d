import { CommanderError } from 'commander';
import { pipelineProgram } from './program.ts';

// What people read may be lost (a terminal that was closed, a disk that is full), the run may not.
process.stderr.on('error', () => undefined);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that goes away (`pipeline log train | head`) is no fault.
  if (error.code === 'EPIPE') return;
  process.stderr.write(`error: stdout: ${error.message}\n`);
  process.exitCode = 1;
});

try {
  await pipelineProgram().parseAsync();
} catch (error) {
  // Commander has printed what is wrong. Help and version are no faults.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    const { reportBrokenInstallation } = await import('./report-broken-installation.ts');
    if (!(await reportBrokenInstallation(error))) throw error;
  }
}
