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
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed what is wrong. Help and version are no faults.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
