import type { Fault, Range } from '../diagnostic.ts';
import { overrideName } from '../wording/override-name.ts';
import { shellQuoted } from '../../files/shell-quoted.ts';
import { kindText } from './yaml/node.ts';
import { parseYaml } from './yaml/parse-yaml.ts';

/**
 * Adds to a fault about a value of `--set` as what YAML reads it, unless that is a text, and how it is typed
 * as a text: a shell takes the quotes that a user meant for YAML.
 */
export function noteUnquoted(fault: Fault, overrides: readonly string[]): Fault {
  const places = [fault.at, ...(fault.notes ?? []).map(({ at }) => at)];
  const notes = overrides.flatMap((text, index) => {
    const name = overrideName(index);
    const isAbout = (at: Range | undefined): boolean =>
      at?.file === name && at.offset >= halvesOf(text)[0].length;
    const reading = places.some(isAbout) ? readingOf(text) : undefined;
    return reading === undefined ? [] : [{ message: `${reading}; a text is typed ${quoted(text)}` }];
  });
  return notes.length === 0 ? fault : { ...fault, notes: [...(fault.notes ?? []), ...notes] };
}

/** What is before the value, "=" included, and the value. */
function halvesOf(text: string): readonly [name: string, value: string] {
  const start = text.indexOf('=') + 1;
  return [text.slice(0, start), text.slice(start)];
}

/** Undefined: a text. */
function readingOf(text: string): string | undefined {
  const node = parseYaml('--set', halvesOf(text)[1], () => undefined);
  if (node === undefined || node.kind === 'broken') return 'YAML cannot read this value';
  if (node.kind === 'scalar' && typeof node.value === 'string') return undefined;
  return `YAML reads this value as ${kindText(node)}`;
}

/** A string of JSON is one of YAML. */
function quoted(text: string): string {
  const [name, value] = halvesOf(text);
  return `--set ${shellQuoted(`${name}${JSON.stringify(value)}`)}`;
}
