import type { Diagnostic } from '../diagnostic.ts';
import type { Event } from '../event.ts';
import { outcomeText } from './outcome-text.ts';
import { positionIn } from './position-in.ts';

/** Where the files of diagnostics are. */
export interface AnnotatedFiles {
  /** The place on the disk of a file that a diagnostic names; undefined for a text that is no file. */
  readonly placeOf: (file: string) => string | undefined;
  readonly textOf: (file: string) => string | undefined;
}

/** What of a run GitHub shows as annotations: warnings that have a place, and stages that failed. */
export function eventAnnotations(event: Event, files: AnnotatedFiles): readonly string[] {
  if (event.kind === 'warned') return diagnosticAnnotations([event.diagnostic], files);
  if (event.kind !== 'finished' || event.outcome.kind !== 'failed') return [];
  return [command('error', { title: event.instance }, [outcomeText(event.outcome), ...event.outcome.tail])];
}

/** Diagnostics as annotations of the lines that they point at; one without a place is only for the log. */
export function diagnosticAnnotations(diagnostics: readonly Diagnostic[], { placeOf, textOf }: AnnotatedFiles): readonly string[] {
  return diagnostics.flatMap(({ severity, code, message, at, suggestion, help }) => {
    const file = at && placeOf(at.file);
    if (at === undefined || file === undefined) return [];
    const text = textOf(at.file);
    const position = text === undefined ? undefined : positionIn(text, at.offset);
    const place = position === undefined ? { file } : { file, line: position.line, col: position.column };
    return [command(severity, { ...place, title: code }, [message, ...(suggestion === undefined ? [] : [`did you mean ${JSON.stringify(suggestion)}?`]), ...(help === undefined ? [] : [`help: ${help}`])])];
  });
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions: one line, whatever it says. */
function command(name: Diagnostic['severity'], properties: Readonly<Record<string, string | number>>, lines: readonly string[]): string {
  const listed = Object.entries(properties).map(([key, value]) => `${key}=${inProperty(String(value))}`).join(',');
  return `::${name} ${listed}::${inMessage(lines.join('\n'))}`;
}

const inMessage = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const inProperty = (text: string): string => inMessage(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
