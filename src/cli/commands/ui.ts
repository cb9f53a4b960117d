import { Command } from 'commander';
import manifest from '../../../package.json' with { type: 'json' };
import { installedFile } from '../installed-file.ts';
import { openProjectHere, type PipelineOptions } from '../options/project-options.ts';
import { problemText } from '../output/report-problem.ts';
import { refuse } from '../refuse.ts';
import { openScreen } from '../output/screen.ts';
import { stopSignals } from '../stop-signals.ts';
import { portNumber } from '../options/port-number.ts';

interface UiOptions extends PipelineOptions {
  readonly port: number;
  readonly open?: true;
}

/** `pipeline ui`. */
export function uiCommand(): Command {
  return new Command('ui')
    .description('Show runs, the graph, experiments, curves, answers and data on a local web page.')
    .option(
      '-f, --file <file>',
      'pipeline file, instead of the nearest pipeline.yaml in this folder or above',
    )
    .option('--port <number>', 'port on 127.0.0.1; 0: any free port', portNumber, 0)
    .option('--open', 'open the page in the browser')
    .addHelpText('after', '\nThe page follows a `pipeline run` in progress. Stop it with Ctrl-C.')
    .action(async (options: UiOptions) => {
      const screen = openScreen();
      const { servePage } = await import('../../ui/server/serve-page.ts');
      const { noColors } = await import('../../runner/wording/colors.ts');
      const served = await servePage({
        port: options.port,
        pageFolder: installedFile('ui'),
        version: manifest.version,
        file: options.file,
        openProject: () => openProjectHere(options, () => undefined),
        problemText: (problem) => problemText(problem, noColors),
        askCommand: ({ instance, question, as }) => [
          process.execPath,
          installedFile('main.js'),
          'ask',
          '--json',
          ...(options.file === undefined ? [] : ['--file', options.file]),
          ...(as === '' ? [] : ['--as', as]),
          '--',
          instance,
          question,
        ],
      });
      if (!served.ok) return refuse(served.error, 1);
      const { url, port, close } = served.value;
      process.stdout.write(`${url}\n`);
      screen.write(`${accessText(port, process.env)}end with Ctrl-C\n`);
      if (options.open === true) {
        const { openInBrowser } = await import('../open-in-browser.ts');
        const opened = await openInBrowser(url);
        if (!opened.ok) screen.write(`warning: ${opened.error}: open the address above yourself\n`);
      }
      const { graceful, release } = stopSignals();
      await new Promise<void>((resolve) => {
        if (graceful.aborted) resolve();
        else graceful.addEventListener('abort', () => resolve(), { once: true });
      });
      await close();
      release();
    });
}

/** On another machine the page is reached through a port that SSH forwards. */
function accessText(port: number, { SSH_CONNECTION: connection, USER: user }: NodeJS.ProcessEnv): string {
  const host = connection?.split(' ')[2];
  if (host === undefined) return '';
  return (
    `from your own machine: ssh -L ${port}:127.0.0.1:${port} ` +
    `${user === undefined ? '' : `${user}@`}${host}, then open the address\n`
  );
}
