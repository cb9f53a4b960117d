import type { Value } from '../../../stage/context.ts';
import type { Range } from '../../diagnostic.ts';

/**
 * A value of pipeline.yaml at its position: aliases followed, `<<` merged, scalars typed by the YAML 1.2 core
 * schema.
 */
export type Node = ScalarNode | ListNode | MapNode | BrokenNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: null | boolean | number | string;
  /** Its source text: 1.10 is the number 1.1 and the text "1.10". */
  readonly text: string;
  /** The text as a pattern of paths where that differs: what replaced a reference matches only itself. */
  readonly pattern?: string;
  /** The pieces of a text that refers to other values; null: it is literal. */
  readonly parts: readonly Part[] | null;
  readonly at: Range;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Node[];
  /** Whether it contains a reference. */
  readonly refers: boolean;
  readonly at: Range;
}

export interface MapNode {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
  /** Whether it contains a reference. */
  readonly refers: boolean;
  readonly at: Range;
}

export interface MapEntry {
  /** The position of the name. */
  readonly key: Range;
  readonly value: Node;
}

/** A value whose fault was already reported: no further faults are reported for it. */
export interface BrokenNode {
  readonly kind: 'broken';
  readonly at: Range;
}

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  /** `${vars.models[0]}`: its names and indices ("vars", "models", "[0]"), and its position. */
  | { readonly kind: 'reference'; readonly path: readonly string[]; readonly at: Range };

/** Names and indices as a reference is written. */
export const referenceText = (path: readonly string[]): string => path.join('.').replaceAll('.[', '[');

/** The index that a step of a reference is; undefined: it is a name. */
export function indexOf(step: string): number | undefined {
  const index = /^\[(\d+)\]$/.exec(step)?.[1];
  return index === undefined ? undefined : Number(index);
}

/** What a step of a reference leads to. */
export function child(node: Node, step: string): Node | undefined {
  const index = indexOf(step);
  if (node.kind === 'list') return index === undefined ? undefined : node.items[index];
  return node.kind === 'map' ? node.entries.get(step)?.value : undefined;
}

/**
 * The plain value. The names of a map are sorted, since a stage receives this value and its order is not part
 * of the key; -0 becomes 0, as in JSON.
 */
export function valueOf(node: Node): Value {
  switch (node.kind) {
    case 'scalar':
      return node.value === 0 ? 0 : node.value;
    case 'list':
      return node.items.map(valueOf);
    case 'broken':
      return null;
    case 'map':
      return Object.fromEntries(sortedEntries(node).map(([name, { value }]) => [name, valueOf(value)]));
  }
}

/** The entries of a map in the order of their names, by UTF-16 code units. */
export const sortedEntries = ({ entries }: MapNode): readonly (readonly [string, MapEntry])[] =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

/** A value without references; `text`: its source text. */
export const scalarNode = (value: ScalarNode['value'], at: Range, text = String(value)): ScalarNode => ({
  kind: 'scalar',
  value,
  text,
  parts: null,
  at,
});

/** A list of nodes; it refers if one of them does. */
export const listNode = (items: readonly Node[], at: Range): ListNode => ({
  kind: 'list',
  items,
  refers: items.some(refers),
  at,
});

/** A map of nodes; it refers if one of its values does. */
export function mapNode(entries: ReadonlyMap<string, MapEntry>, at: Range): MapNode {
  let any = false;
  for (const { value } of entries.values()) any ||= refers(value);
  return { kind: 'map', entries, refers: any, at };
}

/** Whether a node contains a reference: most have none, and are the same in every instance. */
export function refers(node: Node): boolean {
  switch (node.kind) {
    case 'broken':
      return false;
    case 'scalar':
      return node.parts !== null;
    case 'list':
    case 'map':
      return node.refers;
  }
}

/** The kind of a node, for a message. */
export function kindText(node: Node): string {
  switch (node.kind) {
    case 'list':
      return 'a list';
    case 'map':
      return 'a map';
    case 'broken':
      return 'a value with a fault';
    case 'scalar':
      if (node.value === null) return 'nothing';
      switch (typeof node.value) {
        case 'string':
          return `the text ${JSON.stringify(shortened(node.value))}`;
        case 'number':
          return `the number ${shortened(node.text)}`;
        default:
          return shortened(node.text);
      }
  }
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
