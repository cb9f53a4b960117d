import { readFile } from 'node:fs/promises';
import { Argument, Command } from 'commander';
import { shellQuoted } from '../../files/shell-quoted.ts';
import { installedFile } from '../installed-file.ts';

/** `pipeline completion`. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('Print a script that completes commands, options, stages and instances in a shell.')
    .addArgument(new Argument('<shell>', 'name of the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', help)
    .action(async (shell: string) => {
      process.stdout.write(await readFile(installedFile(`completion/pipeline.${shell}`)));
    });
}

const help = `
Examples:
  eval "$(pipeline completion bash)"       in ~/.bashrc
  eval "$(pipeline completion zsh)"        in ~/.zshrc, after compinit
  pipeline completion fish | source        in ~/.config/fish/config.fish

If "pipeline" is not a command in your shell, define it above that line:
  pipeline() { node ${shellQuoted(installedFile('main.js'))} "$@"; }`;
