import { mapNode, type MapEntry, type Node } from './yaml/node.ts';

/**
 * JSON merge patch (RFC 7396): maps merge name by name, null deletes, anything else replaces; a list is
 * replaced whole. Every value keeps the place where it is written, in the base or in the patch.
 */
export function mergePatch(base: Node | undefined, patch: Node): Node {
  if (patch.kind !== 'map') return patch;
  const entries = new Map<string, MapEntry>(base?.kind === 'map' ? base.entries : []);
  for (const [name, { key, value }] of patch.entries) {
    if (value.kind === 'scalar' && value.value === null) entries.delete(name);
    else {
      const before = entries.get(name);
      entries.set(name, { key: before?.key ?? key, value: mergePatch(before?.value, value) });
    }
  }
  return mapNode(entries, base?.kind === 'map' ? base.at : patch.at);
}
