import type { Diagnostic, Range } from '../../diagnostic.ts';
import type { Event } from '../../event.ts';
import type { InstanceId } from '../../identity.ts';
import { outcomeText } from '../outcome-text.ts';
import { positionIn } from '../position-in.ts';

/** Where the files of diagnostics are. */
export interface AnnotatedFiles {
  /** The path of a file that a diagnostic names; undefined for a text that is not a file. */
  readonly placeOf: (file: string) => string | undefined;
  readonly textOf: (file: string) => string | undefined;
  /** Where an instance is written, as far as that is known. */
  readonly writtenAt?: (instance: InstanceId) => Range | undefined;
}

/**
 * What of a run GitHub shows as annotations: warnings that have a place, and stages that failed, where they
 * are written.
 */
export function eventAnnotations(event: Event, files: AnnotatedFiles): readonly string[] {
  if (event.kind === 'warned') return diagnosticAnnotations([event.diagnostic], files);
  if (event.kind !== 'finished' || event.outcome.kind !== 'failed') return [];
  const at = files.writtenAt?.(event.instance);
  return [
    command('error', { ...(at === undefined ? {} : positionOf(at, files)), title: event.instance }, [
      outcomeText(event.outcome),
      ...event.outcome.tail,
    ]),
  ];
}

/** Diagnostics as annotations of the lines that they point at; one without a place is only for the log. */
export function diagnosticAnnotations(
  diagnostics: readonly Diagnostic[],
  files: AnnotatedFiles,
): readonly string[] {
  return diagnostics.flatMap(({ severity, code, message, at, suggestion, help }) => {
    const place = at && positionOf(at, files);
    return place === undefined
      ? []
      : [
          command(severity, { ...place, title: code }, [
            message,
            ...(suggestion === undefined ? [] : [`did you mean ${JSON.stringify(suggestion)}?`]),
            ...(help === undefined ? [] : [`help: ${help}`]),
          ]),
        ];
  });
}

/** Undefined for a place in a text that is not a file. */
function positionOf(
  { file: name, offset }: Range,
  { placeOf, textOf }: AnnotatedFiles,
): Readonly<Record<string, string | number>> | undefined {
  const [file, text] = [placeOf(name), textOf(name)];
  if (file === undefined || text === undefined) return file === undefined ? undefined : { file };
  const { line, column } = positionIn(text, offset);
  return { file, line, col: column };
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions: always a single line. */
function command(
  name: Diagnostic['severity'],
  properties: Readonly<Record<string, string | number>>,
  lines: readonly string[],
): string {
  const listed = Object.entries(properties)
    .map(([key, value]) => `${key}=${inProperty(String(value))}`)
    .join(',');
  return `::${name} ${listed}::${inMessage(lines.join('\n'))}`;
}

const inMessage = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const inProperty = (text: string): string => inMessage(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
