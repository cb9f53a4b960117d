import { CommanderError } from 'commander';
import { pipelineProgram } from './program.ts';

// A reader that goes away (`pipeline log train | head`) is no fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await pipelineProgram().parseAsync();
} catch (error) {
  // Commander has printed what is wrong. Help and version are no faults.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    const { reportBrokenInstallation } = await import('./report-broken-installation.ts');
    if (!await reportBrokenInstallation()) throw error;
  }
}
