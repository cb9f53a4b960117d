import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { askCommand } from './commands/ask.ts';
import { cancelCommand } from './commands/cancel.ts';
import { compareCommand } from './commands/compare.ts';
import { completeCommand } from './commands/complete.ts';
import { completionCommand } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportModelCommand } from './commands/export-model.ts';
import { explainCommand } from './commands/explain.ts';
import { exportCommand } from './commands/export.ts';
import { gcCommand } from './commands/gc.ts';
import { graphCommand } from './commands/graph.ts';
import { historyCommand } from './commands/history.ts';
import { initCommand } from './commands/init.ts';
import { pullCommand } from './commands/pull.ts';
import { pushCommand } from './commands/push.ts';
import { remoteCommand } from './commands/remote.ts';
import { keyCommand } from './commands/key.ts';
import { logCommand } from './commands/log.ts';
import { metricsCommand } from './commands/metrics.ts';
import { pushModelCommand } from './commands/push-model.ts';
import { runCommand } from './commands/run.ts';
import { schemaCommand } from './commands/schema.ts';
import { setupCommand } from './commands/setup.ts';
import { statusCommand } from './commands/status.ts';
import { uiCommand } from './commands/ui.ts';
import { verifyCommand } from './commands/verify.ts';

/**
 * The command line: its commands in the order in which help lists them. What ends it early is thrown, as a
 * CommanderError.
 */
export function pipelineProgram(): Command {
  const program = new Command('pipeline')
    .description('Run the experiment described in pipeline.yaml, and only the parts that are out of date.')
    .version(manifest.version)
    .enablePositionalOptions() // `setup tensorflow --version` is not ours
    .showSuggestionAfterError()
    .showHelpAfterError('(pipeline --help lists the commands)')
    .exitOverride();
  for (const command of [
    runCommand,
    statusCommand,
    explainCommand,
    graphCommand,
    logCommand,
    historyCommand,
    metricsCommand,
    compareCommand,
    exportCommand,
    askCommand,
    uiCommand,
    exportModelCommand,
    pushModelCommand,
    verifyCommand,
    cancelCommand,
    gcCommand,
    doctorCommand,
    pushCommand,
    pullCommand,
    remoteCommand,
    keyCommand,
    initCommand,
    schemaCommand,
    setupCommand,
    completionCommand,
  ]) {
    program.addCommand(command().exitOverride());
  }
  return program.addCommand(completeCommand().exitOverride(), { hidden: true });
}
