import { readFile } from 'node:fs/promises';
import { Argument, Command } from 'commander';
import { installedFile } from '../installed-file.ts';

export function completionCommand(): Command {
  return new Command('completion')
    .description('Print a script that completes commands, options, stages and instances in a shell.')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', '\nExamples:\n  eval "$(pipeline completion bash)"       in ~/.bashrc\n  eval "$(pipeline completion zsh)"        in ~/.zshrc, after compinit\n  pipeline completion fish | source        in ~/.config/fish/config.fish')
    .action(async (shell: string) => { process.stdout.write(await readFile(installedFile(`completion/pipeline.${shell}`))); });
}
