import { type Argument, Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { askCommand } from './commands/ask.ts';
import { cancelCommand } from './commands/cancel.ts';
import { compareCommand } from './commands/compare.ts';
import { completeCommand } from './commands/complete.ts';
import { completionCommand } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportModelCommand } from './commands/export-model.ts';
import { estimateCommand } from './commands/estimate.ts';
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
import { reportCommand } from './commands/report.ts';
import { resultsCommand } from './commands/results.ts';
import { runCommand } from './commands/run.ts';
import { schemaCommand } from './commands/schema.ts';
import { setupCommand } from './commands/setup.ts';
import { statusCommand } from './commands/status.ts';
import { uiCommand } from './commands/ui.ts';
import { verifyCommand } from './commands/verify.ts';

/** The commands grouped by purpose, in the order of the help. */
const commands: Readonly<Record<string, readonly (() => Command)[]>> = {
  'Run:': [runCommand, statusCommand, explainCommand, graphCommand, estimateCommand, cancelCommand],
  'Look at results:': [
    logCommand,
    historyCommand,
    metricsCommand,
    compareCommand,
    resultsCommand,
    uiCommand,
    reportCommand,
    exportCommand,
  ],
  'Use a model:': [askCommand, exportModelCommand, pushModelCommand],
  'Keep and share results:': [verifyCommand, gcCommand, pushCommand, pullCommand, remoteCommand, keyCommand],
  'Set up:': [initCommand, doctorCommand, setupCommand, schemaCommand, completionCommand],
};

/** The command line. What ends it early is thrown, as a CommanderError. */
export function pipelineProgram(): Command {
  const program = new Command('pipeline')
    .description('Run the experiment described in pipeline.yaml, and only the parts that are out of date.')
    .version(manifest.version)
    .enablePositionalOptions() // `setup tensorflow --version` is not ours
    .showSuggestionAfterError()
    .showHelpAfterError('(pipeline --help lists the commands)')
    .configureHelp({ subcommandTerm: nameAndArguments, subcommandDescription: firstSentence })
    .addHelpCommand(helpCommand())
    .exitOverride();
  for (const [heading, group] of Object.entries(commands))
    for (const command of group) program.addCommand(command().helpGroup(heading).exitOverride());
  return program.addCommand(completeCommand().exitOverride(), { hidden: true });
}

const helpCommand = (): Command =>
  new Command('help').argument('[command]').description('Show help for a command.').helpGroup('Set up:');

const nameAndArguments = (command: Command): string =>
  [command.name(), ...command.registeredArguments.map(written)].join(' ');

function written(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

const firstSentence = (command: Command): string => /^.*?[.](?= |$)/.exec(command.description())?.[0] ?? '';
