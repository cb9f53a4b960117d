import type { Command } from 'commander';
import type { Project, ProjectOptions } from '../../runner/project.ts';
import { diagnosticAnnotations } from '../../runner/report/display/github.ts';
import { annotatedFiles } from '../output/annotated-files.ts';
import { openScreen } from '../output/screen.ts';

/** The options that every command has which reads a pipeline file. */
export interface PipelineOptions {
  readonly file?: string;
  readonly set?: readonly string[];
  readonly json?: true;
}

/** Adds --file, --set and --json. `file`: for a command where `-f` means something else. */
export function withPipelineOptions(command: Command, file = '-f, --file <file>'): Command {
  return command
    .option(file, 'pipeline file, instead of the nearest pipeline.yaml in this folder or above')
    .option('--set <path=value>', 'override one value, such as vars.model=data/models/mt5-base', collected)
    .option('--json', 'print one JSON document to stdout');
}

/** Opens the project of the current folder. Imported lazily, since help does not need it. */
export async function openProjectHere(
  {
    file,
    set = [],
    executor,
    smoke,
  }: PipelineOptions & { readonly executor?: string; readonly smoke?: true },
  onWarning: NonNullable<ProjectOptions['onWarning']> = warnOnce(file),
): Promise<Project> {
  const { openProject } = await import('../../runner/project.ts');
  return openProject({
    folder: process.cwd(),
    set,
    onWarning,
    ...(file === undefined ? {} : { file }),
    ...(executor === undefined ? {} : { executor }),
    ...(smoke === undefined ? {} : { smoke }),
  });
}

/** Some commands query the project twice. */
function warnOnce(file: string | undefined): NonNullable<ProjectOptions['onWarning']> {
  const printed = new Set<string>();
  return async (warning, textOf) => {
    const { diagnosticText } = await import('../../runner/report/diagnostic-text.ts');
    const screen = openScreen();
    const text = diagnosticText(warning, screen.colors, textOf);
    const annotations = screen.annotates
      ? diagnosticAnnotations([warning], annotatedFiles(file, { textOf }))
      : [];
    if (!printed.has(text)) screen.write(`${[text, ...annotations].join('\n')}\n`);
    printed.add(text);
  };
}

const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
