import { shellName } from './shell-name.ts';
import { shellQuoted } from '../../files/shell-quoted.ts';

/** How the reader of a message named the pipeline, as typed: without it, a command means another one. */
export interface TypedPipeline {
  /** `--file`, from the reader's folder. */
  readonly file?: string | undefined;
  /** Each `--set`. */
  readonly set?: readonly string[] | undefined;
}

/**
 * A command for the reader of a message to copy: `pipeline run --adopt train:aimc --file experiments/a.yaml`.
 * `names`: instances or stages, which any shell gets as they are.
 */
export const commandText = (
  { file, set = [] }: TypedPipeline | undefined = {},
  command: string,
  names: readonly string[] = [],
): string =>
  [
    'pipeline',
    command,
    ...names.map(shellName),
    ...(file === undefined ? [] : ['--file', typedWord(file)]),
    ...set.flatMap((override) => ['--set', typedWord(override)]),
  ].join(' ');

/** The same within the sentence of a message. */
export const quotedCommand = (...request: Parameters<typeof commandText>): string =>
  `\`${commandText(...request)}\``;

const typedWord = (text: string): string => (/^[\w.,/:=@%+-]+$/.test(text) ? text : shellQuoted(text));
