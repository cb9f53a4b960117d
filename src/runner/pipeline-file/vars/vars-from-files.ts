import { jsonFault } from '../../../files/json-fault.ts';
import type { Diagnostic, Range, Report } from '../../diagnostic.ts';
import { projectPath } from '../project-path.ts';
import { refuse } from '../shapes/shape.ts';
import type { SourceRequest } from '../source-request.ts';
import { type BrokenNode, listNode, type MapEntry, mapNode, type MapNode, type Node } from '../yaml/node.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';

export interface FileReading {
  readonly readText: SourceRequest['readText'];
  readonly leadsOutTo: SourceRequest['leadsOutTo'];
  readonly nearestPath: SourceRequest['nearestPath'];
  /** Takes the texts that were read: a plan is made from them, too. */
  readonly sources: Map<string, string>;
  readonly report: Report;
}

const fileName = '$file';

/**
 * A pipeline file whose vars name files of values, `{ $file: params.yaml }`, with what these hold in place. A
 * value keeps the place where it is written.
 */
export function withVarsFromFiles(root: Node, reading: FileReading): Node {
  const vars = root.kind === 'map' ? root.entries.get('vars') : undefined;
  if (root.kind !== 'map' || vars === undefined) return root;
  const value = replaced(vars.value, reading, new Map());
  return value === vars.value
    ? root
    : mapNode(new Map([...root.entries, ['vars', { ...vars, value }]]), root.at);
}

/** What aliases share stays shared. */
function replaced(node: Node, reading: FileReading, known: Map<Node, Node>): Node {
  const before = known.get(node);
  if (before !== undefined) return before;
  const after = replacedParts(node, reading, known);
  known.set(node, after);
  return after;
}

function replacedParts(node: Node, reading: FileReading, known: Map<Node, Node>): Node {
  if (node.kind === 'list') {
    const items = node.items.map((item) => replaced(item, reading, known));
    return items.every((item, index) => item === node.items[index]) ? node : listNode(items, node.at);
  }
  if (node.kind !== 'map') return node;
  const named = node.entries.get(fileName);
  if (named !== undefined) return fileValue(node, named, reading);
  const entries = [...node.entries].map(
    ([name, { key, value }]) => [name, { key, value: replaced(value, reading, known) }] as const,
  );
  return entries.every(([name, { value }]) => value === node.entries.get(name)?.value)
    ? node
    : mapNode(new Map(entries), node.at);
}

/** The value of a file; a broken node where that has a fault: reported. */
function fileValue(
  node: MapNode,
  { value }: MapEntry,
  { readText, leadsOutTo, nearestPath, sources, report }: FileReading,
): Node {
  const broken: BrokenNode = { kind: 'broken', at: node.at };
  const fault = (code: string, message: string, at: Range, more: Partial<Diagnostic> = {}): BrokenNode => {
    report({ severity: 'error', code, message, at, ...more });
    return broken;
  };
  const [beside] = [...node.entries].filter(([name]) => name !== fileName);
  if (beside !== undefined)
    return fault(
      'file-not-alone',
      `${fileName} replaces a whole value, so no other names are allowed beside it: found ` +
        `${JSON.stringify(beside[0].slice(0, 60))}`,
      beside[1].key,
      { help: `give it a name of its own: vars: { params: { ${fileName}: … }, … }` },
    );
  if (value.kind !== 'scalar' || typeof value.value !== 'string' || value.parts !== null) {
    refuse(value, 'the path of a YAML or JSON file', report);
    return broken;
  }
  const path = projectPath(value.value);
  if (!path.ok) return fault('bad-path', path.error, value.at);
  if (!/\.(ya?ml|json)$/i.test(path.value))
    return fault('bad-path', `${path.value}: expected a file that ends in .yaml, .yml or .json`, value.at);
  const outside = leadsOutTo?.(path.value);
  if (outside !== undefined)
    return fault(
      'leaves-project',
      `${path.value} leads out of the project by a symbolic link, to ${outside}`,
      value.at,
      { help: 'copy the file into the project' },
    );
  const text = readText(path.value);
  if (!text.ok) {
    const suggestion = nearestPath?.(path.value);
    return fault(
      'unreadable',
      `${path.value}: ${text.error}`,
      value.at,
      suggestion === undefined ? {} : { suggestion },
    );
  }
  sources.set(path.value, text.value);
  return parsed(path.value, text.value, value.at, report) ?? broken;
}

function parsed(file: string, text: string, from: Range, report: Report): Node | undefined {
  const note = { notes: [{ message: 'vars are taken from it here', at: from }] };
  const wrong = /\.json$/i.test(file) ? notJson(file, text) : undefined;
  if (wrong !== undefined) return void report({ ...wrong, ...note });
  let faulty = false;
  const node = parseYaml(file, text, (fault) => {
    faulty = true;
    report({ ...fault, notes: [...(fault.notes ?? []), ...note.notes] });
  });
  if (node === undefined) {
    if (!faulty)
      report({
        severity: 'error',
        code: 'empty',
        message: 'this file is empty: expected values',
        at: { file, offset: 0, length: 1 },
        ...note,
      });
    return undefined;
  }
  const nested = nestedName(node);
  if (nested === undefined) return node;
  return void report({
    severity: 'error',
    code: 'nested-file',
    message: `a file of vars cannot take values from another file`,
    at: nested,
    help: 'name both files in vars of the pipeline file',
    ...note,
  });
}

/** JSON is YAML, which gives its values their places; what is more than JSON is refused. */
function notJson(file: string, marked: string): Diagnostic | undefined {
  // Editors of Windows put a byte order mark first; YAML allows one, too.
  const text = marked.replace(/^\uFEFF/, '');
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const { line, column, message } = jsonFault(text, error instanceof Error ? error.message : '');
    const offset =
      text
        .split('\n')
        .slice(0, line - 1)
        .join('\n').length +
      (line > 1 ? 1 : 0) +
      column -
      1;
    return {
      severity: 'error',
      code: 'bad-json',
      message: `this file ${message}`,
      at: {
        file,
        offset: Math.min(offset, Math.max(0, text.length - 1)) + marked.length - text.length,
        length: 1,
      },
    };
  }
}

/** Where a value of a file names another file. */
function nestedName(root: Node): Range | undefined {
  const seen = new Set<Node>();
  const pending: Node[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'list') pending.push(...node.items);
    if (node.kind !== 'map') continue;
    const named = node.entries.get(fileName);
    if (named !== undefined) return named.key;
    for (const { value } of node.entries.values()) pending.push(value);
  }
  return undefined;
}
