import type { Report } from '../../diagnostic.ts';
import { limits } from '../yaml/guard.ts';
import {
  descend,
  interpolate,
  type Lookup,
  type Reference,
  unknownReference,
  withMembers,
} from './interpolate.ts';
import { refers, type MapEntry, type MapNode, type Node } from '../yaml/node.ts';

/**
 * The values of `${vars.…}`. Vars may refer to vars, in any order; a var that refers to itself is a fault.
 */
export function varsLookup(vars: MapNode | undefined, reportNow: Report): Lookup {
  const resolved = new Map<string, Node | 'open' | undefined>();
  let depth = 0;
  const lookup: Lookup = (reference, report) => {
    const [root, name] = reference.path;
    if (root !== 'vars')
      return void report(unknownReference(root ?? '', 'here', new Set(['vars']), reference.at));
    if (name === undefined)
      return vars === undefined
        ? void report(unknownReference('vars', 'in this file', new Set(), reference.at))
        : withMembers(vars, (_, each) => resolve(each, reference, report));
    const node = resolve(name, reference, report);
    return node && descend(node, reference, 2, report);
  };
  const resolve = (name: string, reference: Reference, report: Report): Node | undefined => {
    const before = resolved.get(name);
    if (before === 'open')
      return void report({
        severity: 'error',
        code: 'var-cycle',
        message: `vars.${name} refers to itself`,
        at: reference.at,
      });
    if (before !== undefined || resolved.has(name)) return before;
    const entry = vars?.entries.get(name);
    if (entry === undefined)
      return void report(
        unknownReference(name, 'in vars', vars?.entries ?? new Map<string, MapEntry>(), reference.at),
      );
    if (depth >= limits.chain)
      return void report({
        severity: 'error',
        code: 'too-deep',
        message: `more than ${limits.chain} vars refer to each other in a chain here`,
        at: reference.at,
      });
    resolved.set(name, 'open');
    depth++;
    const node = interpolate(entry.value, lookup, report);
    depth--;
    resolved.set(name, node);
    return node;
  };
  for (const [name, { value }] of vars?.entries ?? [])
    resolve(name, { kind: 'reference', path: ['vars', name], at: value.at }, reportNow);
  return lookup;
}

/**
 * The node with its vars replaced in every scalar that has no other references; other references wait for
 * their instance, and their faults are found there.
 */
export function withVars(node: Node, lookup: Lookup, report: Report): Node | undefined {
  if (!refers(node)) return node;
  switch (node.kind) {
    case 'broken':
      return node;
    case 'scalar':
      return node.parts?.every((part) => part.kind === 'text' || part.path[0] === 'vars') === true
        ? interpolate(node, lookup, report)
        : node;
    case 'list':
    case 'map':
      return withMembers(node, (member) => withVars(member, lookup, report));
  }
}
