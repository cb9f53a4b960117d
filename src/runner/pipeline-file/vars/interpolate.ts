import type { Fault, Names, Range, Report } from '../../diagnostic.ts';
import { joinFirst } from '../../wording/join-first.ts';
import { limits } from '../yaml/guard.ts';
import {
  kindText,
  listNode,
  mapNode,
  refers,
  type MapEntry,
  type MapNode,
  type Node,
  type Part,
  type ScalarNode,
} from '../yaml/node.ts';

export type Reference = Extract<Part, { readonly kind: 'reference' }>;

/** Gives what a reference stands for; undefined where it stands for nothing, which it has then reported. */
export type LookUp = (reference: Reference, report: Report) => Node | undefined;

/**
 * The node with every reference replaced. A scalar that is exactly one reference becomes the value itself, of
 * whatever type and standing where it is written; in a longer text a scalar stands as it is written.
 * Undefined where one has a fault.
 */
export function interpolate(node: Node, lookUp: LookUp, report: Report): Node | undefined {
  if (node.kind === 'broken') return undefined;
  if (!refers(node)) return node;
  switch (node.kind) {
    case 'scalar':
      return interpolateScalar(node, node.parts ?? [], lookUp, report);
    case 'list': {
      const items = node.items.map((item) => interpolate(item, lookUp, report));
      const whole = items.filter((item) => item !== undefined);
      return whole.length < items.length ? undefined : listNode(whole, node.at);
    }
    case 'map': {
      const entries = [...node.entries].map(([name, { key, value }]) => ({
        name,
        key,
        value: interpolate(value, lookUp, report),
      }));
      const whole = entries.flatMap(({ name, key, value }): readonly [string, MapEntry][] =>
        value === undefined ? [] : [[name, { key, value }]],
      );
      return whole.length < entries.length ? undefined : mapNode(new Map(whole), node.at);
    }
  }
}

function interpolateScalar(
  node: ScalarNode,
  parts: readonly Part[],
  lookUp: LookUp,
  report: Report,
): Node | undefined {
  const [only, ...more] = parts;
  if (only?.kind === 'reference' && more.length === 0) return lookUp(only, report);
  const texts = parts.map((part) => (part.kind === 'text' ? part.text : textOf(part, lookUp, report)));
  if (texts.includes(undefined)) return undefined;
  if (texts.reduce((sum, text) => sum + (text?.length ?? 0), 0) > limits.text) {
    return void report({
      severity: 'error',
      code: 'too-large',
      message: `this text would have more than ${limits.text} characters once its references are written out`,
      at: node.at,
    });
  }
  const text = texts.join('');
  return { kind: 'scalar', value: text, text, parts: null, at: node.at };
}

/** What a reference stands for inside a text; a list or a map is a fault there. */
export function textOf(reference: Reference, lookUp: LookUp, report: Report): string | undefined {
  const node = lookUp(reference, report);
  if (node === undefined || node.kind === 'broken') return undefined;
  if (node.kind === 'scalar') return node.text;
  return void report({
    severity: 'error',
    code: 'not-text',
    message: `\${${reference.path.join('.').slice(0, 200)}} is ${kindText(node)}: inside a text, only a single value is allowed`,
    at: reference.at,
    help:
      node.kind === 'map'
        ? `name one of its values: ${examples(node, reference)}`
        : 'alone in a value, it keeps its type',
    notes: [{ message: 'it is written here', at: node.at }],
  });
}

const examples = (node: MapNode, { path }: Reference): string =>
  [...node.entries.keys()]
    .slice(0, 5)
    .map((name) => `\${${[...path, name].join('.')}}`)
    .join(', ');

/** Follows the names of a reference below a value: `path` from `depth` on. */
export function descend(
  node: Node,
  { path, at }: Reference,
  depth: number,
  report: Report,
): Node | undefined {
  const name = path[depth];
  if (node.kind === 'broken') return undefined;
  if (name === undefined) return node;
  const shown = path.slice(0, depth).join('.').slice(0, 200);
  if (node.kind !== 'map')
    return void report({
      severity: 'error',
      code: 'unknown-reference',
      message: `${shown} is ${kindText(node)} and has no ${JSON.stringify(name.slice(0, 60))}`,
      at,
      notes: [{ message: `${shown} is written here`, at: node.at }],
    });
  const entry = node.entries.get(name);
  return entry === undefined
    ? void report(unknownReference(name, `in ${shown}`, node.entries, at))
    : descend(entry.value, { kind: 'reference', path, at }, depth + 1, report);
}

/** A name that a reference gives and that is not there. */
export function unknownReference(name: string, where: string, known: Names, at: Range): Fault {
  return {
    severity: 'error',
    code: 'unknown-reference',
    message: `there is no ${JSON.stringify(name.slice(0, 60))} ${where}${known.size === 0 ? '' : `: expected ${listedNames(known)}`}`,
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
