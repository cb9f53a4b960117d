import type { Range, Report } from '../diagnostic.ts';
import { unknownReference } from './vars/interpolate.ts';
import { kindText, listNode, mapNode, type MapNode, type Node } from './yaml/node.ts';
import { parseYaml } from './yaml/parse-yaml.ts';
import type { ChangedVar } from './vars/unreached-vars.ts';

/**
 * Replaces one value: `vars.model=data/models/mt5-base`, `stages.train.params.seed=7`,
 * `stages.train.matrix.1.config[0].r=16`. The value is parsed as YAML; nothing after "=" is the empty string.
 * All names but the last must exist, and below `vars` the last too, since a var without references would have
 * no effect, without any notice. `file` names the text in diagnostics. If the replaced value has an anchor,
 * its aliases and merges change too, as if the file had been edited.
 */
export function override(root: Node, file: string, text: string, report: Report): Overridden {
  const fault = (message: string, length: number, offset = 0): Overridden => {
    report({
      severity: 'error',
      code: 'bad-override',
      message,
      at: { file, offset, length },
      help: 'write it as in --set vars.model=data/models/mt5-base',
    });
    return { root };
  };
  const equals = text.indexOf('=');
  if (equals < 0) return fault('expected a name, "=" and a value', text.length);
  const names = text.slice(0, equals).split('.');
  if (names.includes('')) return fault('this path has an empty name', equals);
  const value = valueAfter(file, text, equals + 1, report);
  if (value === undefined) return { root };
  const steps = names.flatMap((name, index) =>
    stepsOf(name, file, names.slice(0, index).join('.').length + (index === 0 ? 0 : 1)),
  );
  const path = steps.map(({ name }) => name);
  const changed = replaced(root, steps, value, path[0] === 'vars', report);
  const before = writtenAt(root, path);
  if (changed === undefined) return { root };
  return {
    root: before === undefined ? changed : withCopies(changed, before, value),
    ...(path[0] === 'vars' ? { changed: { node: value, name: path.join('.'), patched: false } } : {}),
  };
}

interface Overridden {
  readonly root: Node;
  /** Below vars. */
  readonly changed?: ChangedVar;
}

/** The node at a path, if it is written there and does not come from elsewhere by an alias or a merge. */
function writtenAt(node: Node | undefined, [name, ...rest]: readonly string[]): Node | undefined {
  if (name === undefined || node === undefined) return node;
  const child =
    node.kind === 'map'
      ? node.entries.get(name)?.value
      : node.kind === 'list'
        ? node.items[Number(name)]
        : undefined;
  // A value of another file was put here by a patch.
  const isOwn =
    child !== undefined &&
    (child.at.file !== node.at.file ||
      (child.at.offset >= node.at.offset && child.at.offset < node.at.offset + node.at.length));
  return isOwn ? writtenAt(child, rest) : undefined;
}

/** A tree in which one node is replaced at every occurrence. Nodes shared by aliases stay shared. */
function withCopies(root: Node, before: Node, after: Node): Node {
  const known = new Map<Node, Node>([[before, after]]);
  const visit = (node: Node): Node => {
    const seen = known.get(node);
    if (seen !== undefined) return seen;
    const changed = visitParts(node);
    known.set(node, changed);
    return changed;
  };
  const visitParts = (node: Node): Node => {
    if (node.kind === 'list') {
      const items = node.items.map(visit);
      return items.every((item, index) => item === node.items[index]) ? node : listNode(items, node.at);
    }
    if (node.kind !== 'map') return node;
    const entries = [...node.entries].map(
      ([name, { key, value }]) => [name, { key, value: visit(value) }] as const,
    );
    return entries.every(([name, { value }]) => value === node.entries.get(name)?.value)
      ? node
      : mapNode(new Map(entries), node.at);
  };
  return visit(root);
}

interface Step {
  readonly name: string;
  readonly at: Range;
  /** Written as in references, `[0]`: only a list has it. */
  readonly isIndex: boolean;
}

/** A name, and the indices that may follow it. */
function stepsOf(text: string, file: string, start: number): readonly Step[] {
  const [, name = text, indices = ''] = /^([^[\]]+)((?:\[\d{1,6}\])+)$/.exec(text) ?? [];
  const step = (part: string, offset: number, isIndex: boolean): Step => ({
    name: part,
    at: { file, offset: start + offset, length: part.length },
    isIndex,
  });
  return [
    step(name, 0, false),
    ...[...indices.matchAll(/\d+/g)].map(({ 0: index, index: at }) => step(index, name.length + at, true)),
  ];
}

/** The value, with positions in the whole text of the override: the text before it is blanked out. */
function valueAfter(file: string, text: string, start: number, report: Report): Node | undefined {
  const at: Range = { file, offset: start, length: Math.max(1, text.length - start) };
  if (text.slice(start).trim() === '') return { kind: 'scalar', value: '', text: '', parts: null, at };
  const value = text.slice(start);
  if (value.search(comment) < 0) return parseYaml(file, ' '.repeat(start) + value, report);
  const hash = unusedCharacter(value);
  const parsed = parseYaml(file, ' '.repeat(start) + value.replaceAll(comment, hash), report);
  return parsed && withText(parsed, (part) => part.replaceAll(hash, '#'));
}

/**
 * A "#" that would begin a comment: a value on the command line has none, so it is a character like any
 * other.
 */
const comment = /(?<=^|\s)#/g;

/** One of the characters for private use (U+E000 to U+F8FF) that a text does not hold. */
function unusedCharacter(text: string): string {
  for (let code = 0xe000; ; code++) {
    const character = String.fromCharCode(code);
    if (!text.includes(character)) return character;
  }
}

/** The same value with every text in it changed. */
function withText(node: Node, change: (text: string) => string): Node {
  switch (node.kind) {
    case 'broken':
      return node;
    case 'list':
      return listNode(
        node.items.map((item) => withText(item, change)),
        node.at,
      );
    case 'map':
      return mapNode(
        new Map(
          [...node.entries].map(([name, { key, value }]) => [
            change(name),
            { key, value: withText(value, change) },
          ]),
        ),
        node.at,
      );
    case 'scalar':
      return {
        ...node,
        value: typeof node.value === 'string' ? change(node.value) : node.value,
        text: change(node.text),
        parts:
          node.parts &&
          node.parts.map((part) => (part.kind === 'text' ? { ...part, text: change(part.text) } : part)),
      };
  }
}

function replaced(
  node: Node,
  [step, ...rest]: readonly Step[],
  value: Node,
  mustExist: boolean,
  report: Report,
): Node | undefined {
  if (step === undefined) return value;
  const { name, at } = step;
  switch (node.kind) {
    case 'broken':
      return undefined;
    case 'scalar':
      return void report({
        severity: 'error',
        code: 'bad-override',
        message: `the value before ${JSON.stringify(name)} is ${kindText(node)} and has no names`,
        at,
        notes: [{ message: 'it is written here', at: node.at }],
      });
    case 'list': {
      const index = /^\d{1,6}$/.test(name) ? Number(name) : -1;
      const item = node.items[index];
      if (item === undefined)
        return void report({
          severity: 'error',
          code: 'bad-override',
          message:
            `this is a list of ${node.items.length}: expected a number from 0 to ` +
            `${node.items.length - 1}`,
          at,
        });
      const changed = replaced(item, rest, value, mustExist, report);
      return (
        changed &&
        listNode(
          node.items.map((other, place) => (place === index ? changed : other)),
          node.at,
        )
      );
    }
    case 'map':
      return replacedEntry(node, step, rest, value, mustExist, report);
  }
}

function replacedEntry(
  node: MapNode,
  { name, at, isIndex }: Step,
  rest: readonly Step[],
  value: Node,
  mustExist: boolean,
  report: Report,
): Node | undefined {
  if (isIndex)
    return void report({
      severity: 'error',
      code: 'bad-override',
      message: `this is ${kindText(node)} and has no [${name}]`,
      at,
      notes: [{ message: 'it is written here', at: node.at }],
    });
  const entry = node.entries.get(name);
  if (entry === undefined && (rest.length > 0 || mustExist))
    return void report({ ...unknownReference(name, 'here', node.entries, at), code: 'bad-override' });
  const changed = entry === undefined ? value : replaced(entry.value, rest, value, mustExist, report);
  return (
    changed && mapNode(new Map([...node.entries, [name, { key: entry?.key ?? at, value: changed }]]), node.at)
  );
}
