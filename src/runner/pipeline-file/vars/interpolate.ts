import type { Fault, Names, Range, Report } from '../../diagnostic.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { pluralize } from '../../wording/pluralize.ts';
import { escapedPath } from '../glob.ts';
import { limits } from '../yaml/guard.ts';
import {
  child,
  indexOf,
  kindText,
  listNode,
  mapNode,
  referenceText,
  refers,
  type MapEntry,
  type ListNode,
  type MapNode,
  type Node,
  type Part,
  type ScalarNode,
} from '../yaml/node.ts';

export type Reference = Extract<Part, { readonly kind: 'reference' }>;

/** Resolves a reference; undefined where it cannot be resolved, which is reported. */
export type Lookup = (reference: Reference, report: Report) => Node | undefined;

/**
 * The node with every reference replaced. A scalar that is exactly one reference becomes the value itself, of
 * any type and with the position where the value is written; in a longer text a scalar is inserted as its
 * source text. A scalar that replaces a reference contains no wildcards of paths. Undefined where one has a
 * fault.
 */
export function interpolate(node: Node, lookup: Lookup, report: Report): Node | undefined {
  if (node.kind === 'broken') return undefined;
  if (!refers(node)) return node;
  switch (node.kind) {
    case 'scalar':
      return interpolateScalar(node, node.parts ?? [], lookup, report);
    case 'list':
    case 'map':
      return withMembers(node, (member) => interpolate(member, lookup, report));
  }
}

/** A list or map with each member replaced; undefined where one of them has a fault, after all were tried. */
export function withMembers(
  node: ListNode | MapNode,
  replaced: (member: Node, name: string) => Node | undefined,
): Node | undefined {
  if (node.kind === 'list') {
    const items = node.items.map((item, index) => replaced(item, String(index)));
    const whole = items.filter((item) => item !== undefined);
    return whole.length < items.length ? undefined : listNode(whole, node.at);
  }
  const entries = [...node.entries].map(([name, { key, value }]) => ({
    name,
    key,
    value: replaced(value, name),
  }));
  const whole = entries.flatMap(({ name, key, value }): readonly [string, MapEntry][] =>
    value === undefined ? [] : [[name, { key, value }]],
  );
  return whole.length < entries.length ? undefined : mapNode(new Map(whole), node.at);
}

function interpolateScalar(
  node: ScalarNode,
  parts: readonly Part[],
  lookup: Lookup,
  report: Report,
): Node | undefined {
  const [only, ...more] = parts;
  if (only?.kind === 'reference' && more.length === 0) return withoutWildcards(lookup(only, report));
  const texts = parts.map((part) => (part.kind === 'text' ? part.text : textOf(part, lookup, report)));
  const whole = texts.filter((text) => text !== undefined);
  if (whole.length < texts.length) return undefined;
  if (whole.reduce((sum, text) => sum + text.length, 0) > limits.text) {
    return void report({
      severity: 'error',
      code: 'too-large',
      message: `this text would have more than ${limits.text} characters with its references replaced`,
      at: node.at,
    });
  }
  const text = whole.join('');
  const pattern = whole
    .map((piece, index) => (parts[index]?.kind === 'text' ? piece : escapedPath(piece)))
    .join('');
  return {
    kind: 'scalar',
    value: text,
    text,
    ...(pattern === text ? {} : { pattern }),
    parts: null,
    at: node.at,
  };
}

function withoutWildcards(node: Node | undefined): Node | undefined {
  if (node?.kind !== 'scalar') return node;
  const pattern = escapedPath(node.text);
  return pattern === node.text ? node : { ...node, pattern };
}

/** The text of a reference inside a longer text; a list or a map is a fault there. */
export function textOf(reference: Reference, lookup: Lookup, report: Report): string | undefined {
  const node = lookup(reference, report);
  if (node === undefined || node.kind === 'broken') return undefined;
  if (node.kind === 'scalar') return node.text;
  return void report({
    severity: 'error',
    code: 'not-text',
    message:
      `\${${referenceText(reference.path).slice(0, 200)}} is ${kindText(node)}: inside a text, only a ` +
      'single value is allowed',
    at: reference.at,
    help:
      node.kind === 'map'
        ? `name one of its values: ${examples(node, reference)}`
        : 'a reference that is the whole value keeps its type; an element is ' +
          `\${${referenceText([...reference.path, '[0]'])}}`,
    notes: [{ message: 'it is written here', at: node.at }],
  });
}

const examples = (node: MapNode, { path }: Reference): string =>
  [...node.entries.keys()]
    .slice(0, 5)
    .map((name) => `\${${referenceText([...path, name])}}`)
    .join(', ');

/** Follows the names and indices of a reference below a value: `path` from `depth` on. */
export function descend(
  node: Node,
  { path, at }: Reference,
  depth: number,
  report: Report,
): Node | undefined {
  const step = path[depth];
  if (node.kind === 'broken') return undefined;
  if (step === undefined) return node;
  const next = child(node, step);
  if (next !== undefined) return descend(next, { kind: 'reference', path, at }, depth + 1, report);
  const shown = referenceText(path.slice(0, depth)).slice(0, 200);
  const index = indexOf(step);
  if (index === undefined && node.kind === 'map')
    return void report(unknownReference(step, `in ${shown}`, node.entries, at));
  return void report({
    severity: 'error',
    code: 'unknown-reference',
    message:
      index !== undefined && node.kind === 'list'
        ? `${shown} ${lengthText(node.items.length)}, so there is no [${index}]`
        : `${shown} is ${kindText(node)} and has no ` +
          `${index === undefined ? JSON.stringify(step.slice(0, 60)) : step}`,
    at,
    ...(index === undefined && node.kind === 'list' ? { help: listHelp(shown, node.items.length) } : {}),
    notes: [{ message: `${shown} is written here`, at: node.at }],
  });
}

const lengthText = (length: number): string =>
  length === 0 ? 'is an empty list' : `has ${pluralize(length, 'element')} (the first is [0])`;

const listHelp = (shown: string, length: number): string =>
  length === 0 ? 'it is an empty list' : `refer to an element by its index: \${${shown}[0]}`;

/** A name that a reference gives and that is not there. */
export function unknownReference(name: string, where: string, known: Names, at: Range): Fault {
  return {
    severity: 'error',
    code: 'unknown-reference',
    message:
      `there is no ${JSON.stringify(name.slice(0, 60))} ` +
      `${where}${known.size === 0 ? '' : `: expected ${listedNames(known)}`}`,
    at,
    misspelt: { name, known },
  };
}

/** Names for a message, at most ten. */
export const listed = (names: readonly string[]): string => listedNames(new Set(names));

function listedNames(names: Names): string {
  const shown: string[] = [];
  for (const name of names.keys()) if (shown.push(name) === 10) break;
  const text = joinFirst(shown, 10, { total: names.size });
  return names.size > 1 && names.size <= 10 ? `one of ${text}` : text;
}
