import type { Result } from '../../result.ts';
import type { Diagnostic, Range, Report } from '../diagnostic.ts';
import { mergePatch } from './merge-patch.ts';
import { mapNode, type MapNode, type Node } from './yaml/node.ts';
import { override } from './override.ts';
import { parseYaml } from './yaml/parse-yaml.ts';
import { projectPath } from './project-path.ts';
import { refuse } from './shapes/shape.ts';
import { type ChangedVar, patchedVars, unreachedVars } from './vars/unreached-vars.ts';
import { type FileReading, withVarsFromFiles } from './vars/vars-from-files.ts';
import type { SourceRequest } from './source-request.ts';
import { overrideName } from '../wording/override-name.ts';

interface Source {
  /** Undefined if the file cannot be used at all: reported. */
  readonly root: Node | undefined;
  readonly sources: ReadonlyMap<string, string>;
  /** Of vars that are changed in vain. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * The value of a pipeline file: the files that it extends, changed by the file, changed by the command line.
 */
export function readSource(
  { file, readText, leadsOutTo, nearestPath, overrides }: SourceRequest,
  report: Report,
): Source {
  const sources = new Map<string, string>();
  const changed: ChangedVar[] = [];
  const reading: Reading = { readText, leadsOutTo, nearestPath, sources, changed, report };
  let root = readFile(file, undefined, [], reading);
  for (const [index, text] of overrides.entries()) {
    const name = overrideName(index);
    sources.set(name, text);
    if (root === undefined) continue;
    const overridden = override(root, name, text, report);
    root = withVarsFromFiles(overridden.root, reading);
    if (overridden.changed !== undefined) changed.push(overridden.changed);
  }
  return { root, sources, warnings: root === undefined ? [] : unreachedVars(root, changed) };
}

interface Reading extends FileReading {
  readonly changed: ChangedVar[];
}

function readFile(
  file: string,
  from: Range | undefined,
  chain: readonly string[],
  reading: Reading,
): Node | undefined {
  const { readText, nearestPath, sources, report } = reading;
  const at = from === undefined ? {} : { at: from };
  if (chain.includes(file))
    return void report({
      severity: 'error',
      code: 'extends-cycle',
      message: `${[...chain, file].join(' extends ')}`,
      ...at,
    });
  const text = readText(file);
  if (!text.ok) {
    const suggestion = from && nearestPath?.(file);
    return void report({
      severity: 'error',
      code: 'unreadable',
      message: `${file}: ${text.error}`,
      ...at,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
  sources.set(file, text.value);
  let faulty = false;
  const node = parseYaml(file, text.value, (fault) => {
    faulty = true;
    report(fault);
  });
  if (node === undefined && !faulty)
    return void report({
      severity: 'error',
      code: 'empty',
      message: 'this file is empty: expected at least a map of stages',
      at: { file, offset: 0, length: 1 },
      help: 'pipeline init writes an example',
    });
  if (node?.kind !== 'map') return node && refuse(node, 'a pipeline file (a map)', report);
  const whole = withVarsFromFiles(node, reading);
  return whole.kind === 'map' ? extended(whole, file, [...chain, file], reading) : whole;
}

/**
 * A file with what it extends below it. A name is not passed on: two files with one name would write into one
 * folder.
 */
function extended(node: MapNode, file: string, chain: readonly string[], reading: Reading): Node | undefined {
  const parent = node.entries.get('extends');
  if (parent === undefined) return node;
  const { value } = parent;
  if (value.kind !== 'scalar' || typeof value.value !== 'string')
    return refuse(value, 'the path of a pipeline file', reading.report);
  const path = besideFile(file, value.value);
  if (!path.ok)
    return void reading.report({ severity: 'error', code: 'bad-path', message: path.error, at: value.at });
  const base = readFile(path.value, value.at, chain, reading);
  if (base?.kind !== 'map') return undefined;
  reading.changed.push(...patchedVars(base.entries.get('vars')?.value, node.entries.get('vars')?.value));
  return mergePatch(without(base, 'name'), without(node, 'extends'));
}

const without = (node: MapNode, name: string): MapNode =>
  mapNode(new Map([...node.entries].filter(([other]) => other !== name)), node.at);

/**
 * A path written in a file, from the project root. Here ".." is taken: it leads from one folder of the
 * project to another.
 */
function besideFile(file: string, path: string): Result<string> {
  const parts = file.split('/').slice(0, -1);
  for (const [index, part] of path.split('/').entries()) {
    if (part === '' && index === 0)
      return {
        ok: false,
        error: `${JSON.stringify(path)} is an absolute path: expected one from the folder of this file`,
      };
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined)
      return { ok: false, error: `${JSON.stringify(path)} leads out of the project` };
  }
  return projectPath(parts.join('/'));
}
