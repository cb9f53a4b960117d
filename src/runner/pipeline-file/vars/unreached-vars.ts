import type { Diagnostic } from '../../diagnostic.ts';
import { child, type MapNode, type Node } from '../yaml/node.ts';
import type { Reference } from './interpolate.ts';

/** A var, or a value in one, that an experiment file or the command line has changed. */
export interface ChangedVar {
  readonly node: Node;
  /** "vars.lora.r". */
  readonly name: string;
  /** By an experiment file, in which no anchor of the file that it extends is known. */
  readonly patched: boolean;
}

/** The values below vars that a patch changes: what it adds changes nothing by itself. */
export function patchedVars(
  base: Node | undefined,
  patch: Node | undefined,
  name = 'vars',
): readonly ChangedVar[] {
  if (base === undefined || patch === undefined) return [];
  if (patch.kind !== 'map' || base.kind !== 'map') return [{ node: patch, name, patched: true }];
  return [...patch.entries].flatMap(([key, { value }]) =>
    patchedVars(base.entries.get(key)?.value, value, `${name}.${key}`),
  );
}

/**
 * Warnings for changed vars without references. An unused var is no fault; changing one in vain is a mistake.
 */
export function unreachedVars(root: Node, changed: readonly ChangedVar[]): readonly Diagnostic[] {
  const vars = root.kind === 'map' ? root.entries.get('vars')?.value : undefined;
  const stages = root.kind === 'map' ? root.entries.get('stages')?.value : undefined;
  const best = root.kind === 'map' ? root.entries.get('best')?.value : undefined;
  if (vars?.kind !== 'map' || stages === undefined || changed.length === 0) return [];
  const reached = reachedFrom([stages, ...(best === undefined ? [] : [best])], vars);
  const inVars = reachedFrom([vars], vars);
  return changed
    .filter(({ node }) => inVars.has(node) && !anyOf(node, reached))
    .map(({ node, name, patched }) => ({
      severity: 'warning',
      code: 'unreached-var',
      message: `this has no effect: no stage refers to ${name}`,
      at: node.at,
      help:
        `a stage refers to it as \${${name}}` +
        (patched ? '; values merged by an anchor (<<: *…) are not changed: change them with --set' : ''),
    }));
}

/** Every value in some nodes, and every value that their references to vars lead to. */
function reachedFrom(starts: readonly Node[], vars: MapNode): ReadonlySet<Node> {
  const reached = new Set<Node>();
  const pending: Node[] = [...starts];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    switch (node.kind) {
      case 'broken':
        break;
      case 'list':
        pending.push(...node.items);
        break;
      case 'map':
        for (const { value } of node.entries.values()) pending.push(value);
        break;
      case 'scalar':
        for (const part of node.parts ?? [])
          if (part.kind === 'reference' && part.path[0] === 'vars') pending.push(followed(part, vars));
    }
  }
  return reached;
}

/** What a reference leads to; where a name leads on by a reference of its own, that. */
function followed({ path }: Reference, vars: MapNode): Node {
  let node: Node = vars;
  for (const name of path.slice(1)) {
    const next = child(node, name);
    if (next === undefined) break;
    node = next;
  }
  return node;
}

function anyOf(node: Node, reached: ReadonlySet<Node>): boolean {
  if (reached.has(node)) return true;
  if (node.kind === 'list') return node.items.some((item) => anyOf(item, reached));
  return node.kind === 'map' && [...node.entries.values()].some(({ value }) => anyOf(value, reached));
}
