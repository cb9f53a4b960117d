import type { Result } from '../../../result.ts';
import { isJsonList, type Json, parseJson } from '../../../files/json.ts';
import type { Range } from '../../diagnostic.ts';
import { limits } from '../../pipeline-file/yaml/guard.ts';
import { listNode, mapNode, type MapEntry, type Node, scalarNode } from '../../pipeline-file/yaml/node.ts';
import { foldedPath } from '../../pipeline-file/project-path.ts';
import { joinFirst } from '../../wording/join-first.ts';
import type { AxisValue } from './axis-value.ts';

/**
 * The values of an axis from a file: the elements of a JSON list; of a file named .jsonl, a value a line.
 * `at`: where the axis is written. The error has the position of the fault in the file.
 */
export function listValues(text: string, path: string, at: Range): Result<readonly Node[]> {
  const elements = path.endsWith('.jsonl') ? lineValues(text, path) : jsonElements(text, path);
  if (!elements.ok) return elements;
  if (elements.value.length > limits.instances)
    return fault(
      `it has ${elements.value.length} values, and a pipeline at most ${limits.instances} instances`,
    );
  const budget = { values: limits.values };
  const nodes: Node[] = [];
  for (const [index, element] of elements.value.entries()) {
    const node = nodeOf(element, at, 0, budget);
    if (!node.ok) return fault(`its value ${index + 1} ${node.error}`);
    const label = node.value.kind === 'map' ? node.value.entries.get('name')?.value : undefined;
    if (label !== undefined && (label.kind !== 'scalar' || label.value === null || label.text === ''))
      return fault(`the "name" of its value ${index + 1} is not a text that can be used as a label`);
    nodes.push(node.value);
  }
  return { ok: true, value: nodes };
}

/** Why the values of a list are ambiguous: equal values, or different ones with the same name. */
export function sameValues(values: readonly AxisValue[]): string | undefined {
  const byIdentity = new Map<string, number>();
  const byName = new Map<string, number>();
  for (const [index, { identity, name, label }] of values.entries()) {
    const equal = byIdentity.get(identity);
    if (equal !== undefined) return `its values ${equal + 1} and ${index + 1} are equal: ${label}`;
    const sharing = byName.get(foldedPath(name));
    if (sharing !== undefined)
      return (
        `its values ${sharing + 1} and ${index + 1} would share a folder: ` +
        `${joinFirst([values[sharing]?.label ?? '', label], 2)}`
      );
    byIdentity.set(identity, index);
    byName.set(foldedPath(name), index);
  }
  return undefined;
}

function jsonElements(text: string, path: string): Result<readonly Json[]> {
  const parsed = parseJson(text, path);
  if (!parsed.ok) return fault(placed(parsed.error));
  return isJsonList(parsed.value)
    ? { ok: true, value: parsed.value }
    : fault('it is JSON but not a list (name a file with one value per line .jsonl)');
}

function lineValues(text: string, path: string): Result<readonly Json[]> {
  const values: Json[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^[ \t\r]*$/.test(line)) continue;
    const parsed = parseJson(line, path, index + 1);
    if (!parsed.ok) return fault(placed(parsed.error));
    values.push(parsed.value);
  }
  return { ok: true, value: values };
}

function placed({ line, column, message }: { line?: number; column?: number; message: string }): string {
  const lineText = line === undefined ? '' : `line ${line}, `;
  const columnText = column === undefined ? '' : `column ${column}: `;
  return `${lineText}${columnText}${message}`;
}

/**
 * A value as a node of the YAML; no text of it is a reference. The error completes "its value 3 …".
 */
function nodeOf(value: Json, at: Range, depth: number, budget: { values: number }): Result<Node> {
  budget.values -= 1;
  if (budget.values < 0) return fault(`exceeds the limit of ${limits.values} values in total`);
  if (depth > limits.depth) return fault(`has more than ${limits.depth} levels`);
  if (isJsonList(value)) {
    const items: Node[] = [];
    for (const item of value) {
      const node = nodeOf(item, at, depth + 1, budget);
      if (!node.ok) return node;
      items.push(node.value);
    }
    return { ok: true, value: listNode(items, at) };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = new Map<string, MapEntry>();
    for (const [name, member] of Object.entries(value)) {
      const node = unwritable(name) ?? nodeOf(member, at, depth + 1, budget);
      if (!node.ok) return node;
      entries.set(name, { key: at, value: node.value });
    }
    return { ok: true, value: mapNode(entries, at) };
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return fault(`is ${value}`);
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    return fault(`is ${value}, a whole number with more digits than a double keeps: write it as text`);
  const wrong = typeof value === 'string' ? unwritable(value) : undefined;
  if (wrong !== undefined) return wrong;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { ok: true, value: scalarNode(value, at, text) };
}

/** Characters that no argument of a program and no path can contain. */
function unwritable(text: string): Result<never> | undefined {
  if (text.length > limits.text) return fault(`has a text of more than ${limits.text} characters`);
  if (text.includes('\0')) return fault('has a text with a NUL character');
  return /\p{Surrogate}/u.test(text)
    ? fault('has a text with half a character (a lone surrogate)')
    : undefined;
}

const fault = (error: string): Result<never> => ({ ok: false, error });
