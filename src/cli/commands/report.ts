import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import manifest from '../../../package.json' with { type: 'json' };
import { openProjectHere, type PipelineOptions } from '../options/project-options.ts';
import { openProgressLine } from '../output/progress-line.ts';
import { reportProblem } from '../output/report-problem.ts';
import { openScreen } from '../output/screen.ts';
import { refuse } from '../refuse.ts';

interface ReportOptions extends PipelineOptions {
  readonly out: string;
  readonly withUser?: true;
}

/** So many bytes a report has at most, as far as leaving out texts of answers can make it so. */
const mostBytes = 20_000_000;

/** `pipeline report`. */
export function reportCommand(): Command {
  return new Command('report')
    .description('Write the local page with all results to one HTML file that needs no server.')
    .option(
      '-f, --file <file>',
      'pipeline file, instead of the nearest pipeline.yaml in this folder or above',
    )
    .option('-o, --out <file>', 'where to write it', 'report.html')
    .option('--with-user', 'include who started each run, and on which machine')
    .addHelpText(
      'after',
      '\nThe page makes no network requests. If it would exceed 20 MB, it contains only the worst answers ' +
        'of each model, with a note.',
    )
    .action(writeReport);
}

async function writeReport(options: ReportOptions): Promise<void> {
  // Reading all results takes a while.
  const there = await stat(resolve(options.out)).catch(() => undefined);
  if (there?.isDirectory() === true) return refuse(`${options.out} is a folder: name the file to write`, 2);
  const { projectReport } = await import('../../ui/server/project-report.ts');
  const { reportDocument } = await import('../../pages/report/report-document.ts');
  const { writeFileAtomically } = await import('../../files/write-atomically.ts');
  const { fileProblemText } = await import('../../files/file-problem.ts');
  const { sizeText } = await import('../../runner/wording/size-text.ts');
  const project = await openProjectHere(options);
  const screen = openScreen();
  const line = openProgressLine(screen);
  try {
    const report = await projectReport({
      project,
      version: manifest.version,
      notice: `Results as they were on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC.`,
      withUser: options.withUser === true,
      mostBytes,
      onProgress: ({ what, done, total }) => line.show(`reading ${what}  ${done}/${total}`),
    });
    line.close();
    if (!report.ok)
      return report.error.kind === 'unknown'
        ? refuse(report.error.message, 1)
        : await reportProblem(report.error, options);
    const { data, pipeline, worst } = report.value;
    const text = reportDocument(data, pipeline);
    const written = await writeFileAtomically(resolve(options.out), text);
    if (!written.ok) return refuse(fileProblemText(written.error), 1);
    process.stdout.write(`${options.out}\n`);
    const size = sizeText(Buffer.byteLength(text));
    screen.write(`${size}; open it in any browser, no server is needed\n${heldText(worst)}`);
  } finally {
    project.close();
  }
}

const heldText = (worst: number | undefined): string =>
  worst === undefined
    ? ''
    : `warning: all answers would take more than 20 MB: the file has the texts of the worst ${worst} ` +
      `of each model, and all scores\n`;
