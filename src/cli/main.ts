import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { compareCommand } from './commands/compare.ts';
import { completeCommand } from './commands/complete.ts';
import { completionCommand } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { explainCommand } from './commands/explain.ts';
import { gcCommand } from './commands/gc.ts';
import { graphCommand } from './commands/graph.ts';
import { historyCommand } from './commands/history.ts';
import { initCommand } from './commands/init.ts';
import { logCommand } from './commands/log.ts';
import { metricsCommand } from './commands/metrics.ts';
import { runCommand } from './commands/run.ts';
import { schemaCommand } from './commands/schema.ts';
import { statusCommand } from './commands/status.ts';
import { verifyCommand } from './commands/verify.ts';

const program = new Command('pipeline')
  .description('Runs the experiment that pipeline.yaml describes, and only what is out of date of it.')
  .version(manifest.version)
  .showSuggestionAfterError()
  .showHelpAfterError('(pipeline --help lists the commands)')
  .exitOverride();

for (const command of [runCommand, statusCommand, explainCommand, graphCommand, logCommand, historyCommand, metricsCommand, compareCommand, verifyCommand, gcCommand, schemaCommand, initCommand, doctorCommand, completionCommand]) {
  program.addCommand(command().exitOverride());
}
program.addCommand(completeCommand().exitOverride(), { hidden: true });

// A reader that goes away (`pipeline log train | head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed what is wrong. Help and version are no faults.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
