import type { Problem } from '../../runner/project.ts';
import type { Colors } from '../../runner/wording/colors.ts';
import { pluralize } from '../../runner/wording/pluralize.ts';
import { diagnosticAnnotations } from '../../runner/report/display/github.ts';
import { annotatedFiles } from './annotated-files.ts';
import type { PipelineOptions } from '../options/project-options.ts';
import { printJson } from './print-json.ts';
import { openScreen } from './screen.ts';

/**
 * The consequence of a problem, such as `: nothing was run`; while another run is in progress, what to do
 * about it.
 */
interface ProblemEnding {
  readonly ending?: string;
  readonly whenBusy?: string;
}

/** Prints a problem to stderr (and with `--json` to stdout), and sets the exit code. */
export async function reportProblem(
  problem: Problem,
  options: Pick<PipelineOptions, 'file' | 'json'>,
  ending: ProblemEnding = {},
): Promise<void> {
  const screen = openScreen();
  screen.write(`${await problemText(problem, screen.colors, ending)}\n`);
  if (screen.annotates && problem.kind === 'invalid') {
    for (const line of diagnosticAnnotations(
      problem.diagnostics,
      annotatedFiles(options.file, { textOf: (file) => problem.sources.get(file) }),
    ))
      screen.write(`${line}\n`);
  }
  if (options.json === true)
    printJson({
      problem:
        problem.kind === 'invalid' ? { kind: problem.kind, diagnostics: problem.diagnostics } : problem,
    });
  process.exitCode = exitCodeOf(problem);
}

/** A problem in words, with what follows from it. */
export async function problemText(
  problem: Problem,
  colors: Colors,
  { ending = '', whenBusy = 'try again when it has finished' }: ProblemEnding = {},
): Promise<string> {
  switch (problem.kind) {
    case 'invalid': {
      const { diagnosticText } = await import('../../runner/report/diagnostic-text.ts');
      const errors = problem.diagnostics.filter(({ severity }) => severity === 'error').length;
      const count =
        errors === 1 && ending === '' ? [] : [colors.bold(`${pluralize(errors, 'error')}${ending}`)];
      return [
        ...problem.diagnostics.map((diagnostic) =>
          diagnosticText(diagnostic, colors, (file) => problem.sources.get(file)),
        ),
        ...count,
      ].join('\n\n');
    }
    case 'busy':
      return `${colors.red('error')}: ${busyText(problem)}; ${whenBusy}`;
    case 'damaged':
      return `${colors.red('error')}: ${problem.message}`;
    case 'disk': {
      const text = `${colors.red('error')}: ${problem.message}`;
      return problem.help === undefined ? text : `${text}\n  ${colors.cyan('help')}: ${problem.help}`;
    }
  }
}

/** Which run is in progress. */
export function busyText({ pid, since }: Extract<Problem, { readonly kind: 'busy' }>): string {
  const details = [
    ...(pid === undefined ? [] : [`pid ${pid}`]),
    ...(since === undefined ? [] : [`started ${new Date(since).toLocaleTimeString('en-GB')}`]),
  ];
  return `another run is in progress${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}

/** 1: the disk failed; 2: usage or configuration; 3: the store is busy; 4: it is damaged. */
function exitCodeOf({ kind }: Problem): number {
  switch (kind) {
    case 'invalid':
      return 2;
    case 'busy':
      return 3;
    case 'damaged':
      return 4;
    case 'disk':
      return 1;
  }
}
