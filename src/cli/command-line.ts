import { CommanderError } from 'commander';
import { pipelineProgram } from './program.ts';

/**
 * Runs the command of this process's arguments. False: there is none to run, as with help, the version and
 * wrong options.
 */
export async function runCommandLine(): Promise<boolean> {
  // Messages may get lost (the terminal was closed, the disk is full), the run may not.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has closed the pipe: `pipeline log train | head`, or a terminal that was closed. For a file,
    // EIO is a failing disk.
    if (error.code === 'EPIPE' || (error.code === 'EIO' && process.stdout.isTTY)) return;
    process.stderr.write(`error: stdout: ${error.message}\n`);
    process.exitCode = 1;
  });

  try {
    await pipelineProgram().parseAsync();
    return true;
  } catch (error) {
    // Commander has printed the error. Help and version are not errors.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      const { reportBrokenInstallation } = await import('./output/report-broken-installation.ts');
      if (!(await reportBrokenInstallation(error))) throw error;
    }
    return false;
  }
}
