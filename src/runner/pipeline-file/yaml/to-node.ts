import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Pair,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Range, Report } from '../../diagnostic.ts';
import { expandedSize, limits, tooLarge } from './guard.ts';
import {
  kindText,
  listNode,
  mapNode,
  scalarNode,
  type BrokenNode,
  type MapEntry,
  type MapNode,
  type Node,
  type ScalarNode,
} from './node.ts';
import { templateParts } from '../vars/template.ts';
import { controlCharacter } from './control-character.ts';

/**
 * Turns a parsed document into nodes: aliases followed (in the order of the text, each once, so that the
 * copies share memory), `<<` merged, keys and values checked. A value with a fault is reported and marked as
 * broken; undefined for no value at all.
 */
export function toNode(
  contents: ParsedNode | null,
  file: string,
  text: string,
  report: Report,
): Node | undefined {
  const reader: Reader = {
    file,
    text,
    report: atMost(limits.faults, report),
    anchors: new Map(),
    sizes: new Map(),
    total: 0,
  };
  return contents === null ? undefined : read(contents, reader);
}

interface Reader {
  readonly file: string;
  readonly text: string;
  readonly report: Report;
  /** The current value of each anchor; 'open' while its own value is being read. */
  readonly anchors: Map<string, Node | 'open'>;
  /** The number of values in lists and maps with aliases expanded, memoized. */
  readonly sizes: Map<Node, number>;
  /** How many values aliases and merges have added so far. */
  total: number;
}

function atMost(count: number, report: Report): Report {
  let left = count;
  return (fault) => {
    if (left-- > 0) report(fault);
  };
}

function read(node: unknown, reader: Reader): Node {
  if (isAlias(node)) return follow(node, reader);
  if (!isScalar(node) && !isMap(node) && !isSeq(node))
    throw new Error('a node of a parsed document is a scalar, a list, a map or an alias');
  const at = rangeOf(node, reader);
  if (node.anchor !== undefined) reader.anchors.set(node.anchor, 'open');
  const value = readTagged(node, at, reader);
  if (node.anchor !== undefined) reader.anchors.set(node.anchor, value);
  return value;
}

function readTagged(node: Scalar | YAMLMap | YAMLSeq, at: Range, reader: Reader): Node {
  if (node.tag !== undefined && !coreTags.has(node.tag)) {
    const shown = node.tag.replace('tag:yaml.org,2002:', '!!');
    return broken(
      'tag',
      `the tag ${shown.slice(0, 60)} is not supported: values are those of the YAML 1.2 core schema`,
      at,
      reader,
      'remove the tag; put text in quotes',
    );
  }
  if (isScalar(node)) return readScalar(node, at, reader);
  return isMap(node)
    ? readMap(node, at, reader)
    : listNode(
        node.items.map((item) => read(item, reader)),
        at,
      );
}

function broken(code: string, message: string, at: Range, { report }: Reader, help?: string): BrokenNode {
  report({ severity: 'error', code, message, at, ...(help === undefined ? {} : { help }) });
  return { kind: 'broken', at };
}

const coreTags: ReadonlySet<string> = new Set([
  '!',
  ...['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
]);

function rangeOf(node: { readonly range?: readonly number[] | null }, { file }: Reader): Range {
  const [start = 0, end = start] = node.range ?? [];
  return { file, offset: start, length: Math.max(1, end - start) };
}

function follow(alias: Alias, reader: Reader): Node {
  const target = reader.anchors.get(alias.source);
  const at = rangeOf(alias, reader);
  if (target === 'open')
    return broken(
      'alias-cycle',
      `*${alias.source} is inside the value that &${alias.source} names`,
      at,
      reader,
    );
  if (target === undefined) return unknownAlias(alias.source, at, reader);
  return grow(expandedSize(target, reader.sizes), at, reader) ? target : { kind: 'broken', at };
}

function unknownAlias(name: string, at: Range, { anchors, report }: Reader): BrokenNode {
  const isText = !/^[\p{L}\p{N}_-]+$/u.test(name);
  report({
    severity: 'error',
    code: 'unknown-alias',
    message: `no anchor &${name} is defined before this`,
    at,
    misspelt: { name, known: anchors },
    ...(isText ? { help: 'a text that begins with * needs quotes' } : {}),
  });
  return { kind: 'broken', at };
}

/** Counts values that an alias or a merge adds; false once there are too many. */
function grow(by: number, at: Range, reader: Reader): boolean {
  const before = reader.total;
  reader.total += by;
  if (reader.total <= limits.values) return true;
  if (before <= limits.values)
    reader.report(
      tooLarge(reader.file, `its aliases expand to more than ${limits.values} values`, at.offset),
    );
  return false;
}

function readScalar(node: Scalar, at: Range, reader: Reader): ScalarNode | BrokenNode {
  const { value } = node;
  const text = node.source ?? String(value);
  switch (typeof value) {
    case 'boolean':
      return scalarNode(value, at, text);
    case 'number':
      if (!Number.isFinite(value))
        return broken(
          'not-finite',
          `${text.slice(0, 60)} cannot be passed to a stage: JSON has no such number`,
          at,
          reader,
        );
      if (isRounded(text, value))
        return broken(
          'inexact-number',
          `${text.slice(0, 60)} would be rounded to ${value}: a number holds 15 to 17 digits`,
          at,
          reader,
          'put it in quotes to pass it as text',
        );
      return scalarNode(value, at, text);
    case 'string':
      return readText(value, at, reader);
    default:
      return value === null
        ? scalarNode(value, at, text === '' ? 'null' : text)
        : broken('bad-value', 'this value cannot be parsed', at, reader);
  }
}

/** Whether digits of an integer were lost: neither its value nor its shortest form equals the source text. */
const isRounded = (text: string, value: number): boolean =>
  /^[-+]?\d{16,}$/.test(text) &&
  (text.length > 400 ||
    (BigInt(text.replace('+', '')) !== BigInt(value) && String(value) !== text.replace('+', '')));

function readText(text: string, at: Range, reader: Reader): ScalarNode | BrokenNode {
  const refused = unsupportedText(text);
  if (refused !== undefined) return broken(refused.code, `this text holds ${refused.what}`, at, reader);
  if (!text.includes('${')) return scalarNode(text, at);
  const raw = reader.text.slice(at.offset, at.offset + at.length);
  const parts = templateParts(text, raw, at, reader.report);
  if (parts === undefined) return { kind: 'broken', at };
  if (parts.some(({ kind }) => kind === 'reference')) return { kind: 'scalar', value: text, text, parts, at };
  const plain = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  return scalarNode(plain, at);
}

/** What an escape in double quotes can make, and no path, environment or UTF-8 file can hold. */
function unsupportedText(text: string): { readonly code: string; readonly what: string } | undefined {
  if (text.includes('\0'))
    return { code: 'nul', what: 'the character NUL, which no path, argument or environment value can hold' };
  if (/\p{Surrogate}/u.test(text))
    return { code: 'lone-surrogate', what: 'half a character (a lone surrogate), which UTF-8 cannot hold' };
  return undefined;
}

function readMap(node: YAMLMap, at: Range, reader: Reader): MapNode {
  const own = new Map<string, MapEntry>();
  const merges: (readonly MapNode[])[] = [];
  for (const pair of node.items) {
    const key = keyRange(pair, at, reader);
    if (isMergeKey(pair)) {
      if (merges.length > 0)
        reader.report({
          severity: 'error',
          code: 'duplicate-key',
          message: '<< appears twice in one map',
          at: key,
          help: 'merge a list: <<: [*a, *b]',
        });
      merges.push(readMerge(pair, key, reader));
      continue;
    }
    const name = readKey(pair, key, reader);
    const value = pair.value === null ? noValue(key) : read(pair.value, reader);
    if (name === undefined) continue;
    const before = own.get(name);
    if (before === undefined) own.set(name, { key, value });
    else
      reader.report({
        severity: 'error',
        code: 'duplicate-key',
        message: `the name ${JSON.stringify(name.slice(0, 60))} appears twice in one map`,
        at: key,
        notes: [{ message: 'it is first used here', at: before.key }],
      });
  }
  return mapNode(mergedEntries(own, merges.flat()), at);
}

const isMergeKey = ({ key }: Pair): boolean => isScalar(key) && key.source === '<<' && key.type === 'PLAIN';

const keyRange = ({ key }: Pair, map: Range, reader: Reader): Range =>
  isScalar(key) || isAlias(key) || isMap(key) || isSeq(key) ? rangeOf(key, reader) : map;

const noValue = (at: Range): ScalarNode => scalarNode(null, at);

function readKey(pair: Pair, at: Range, reader: Reader): string | undefined {
  const fault = (message: string, help?: string): undefined =>
    void reader.report({
      severity: 'error',
      code: 'bad-key',
      message,
      at,
      ...(help === undefined ? {} : { help }),
    });
  if (!isScalar(pair.key) || pair.key.value === null)
    return fault('a name is expected here: one word, or a text in quotes');
  if (pair.key.tag !== undefined && !coreTags.has(pair.key.tag)) return fault('a name cannot have a tag');
  const name =
    typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? String(pair.key.value));
  const refused = unsupportedText(name);
  if (refused !== undefined) return fault(`this name holds ${refused.what}`);
  const control = controlCharacter(name);
  if (control !== undefined) return fault(`this name holds the control character ${control}`);
  if (name === '__proto__') return fault('__proto__ cannot be a name: it is reserved in JavaScript');
  if (name.includes('${')) return fault('a name cannot hold a reference', 'only values can');
  if (pair.key.anchor !== undefined) reader.anchors.set(pair.key.anchor, scalarNode(name, at));
  return name;
}

/** The maps that a `<<` names, first of precedence first. */
function readMerge(pair: Pair, at: Range, reader: Reader): readonly MapNode[] {
  const value = pair.value === null ? noValue(at) : read(pair.value, reader);
  const sources = value.kind === 'list' ? value.items : [value];
  const other = sources.find((source) => source.kind === 'scalar' || source.kind === 'list');
  if (other !== undefined)
    broken(
      'bad-merge',
      `expected a map or a list of maps after <<, found ${kindText(other)}`,
      at,
      reader,
      'write <<: *name after &name { … }',
    );
  return sources.filter((source) => source.kind === 'map');
}

/**
 * As YAML's merge key: a name of the map itself counts before merged ones, an earlier merged map before a
 * later.
 */
function mergedEntries(
  own: ReadonlyMap<string, MapEntry>,
  merges: readonly MapNode[],
): ReadonlyMap<string, MapEntry> {
  if (merges.length === 0) return own;
  const entries = new Map<string, MapEntry>();
  for (const { entries: merged } of merges)
    for (const [name, entry] of merged) if (!entries.has(name)) entries.set(name, entry);
  for (const [name, entry] of own) entries.set(name, entry);
  return entries;
}
