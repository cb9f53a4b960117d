import type { AxisValue, Cell } from './cells.ts';

/** Finds the cells of a stage that agree with another cell on every axis both have. */
export type Join = (axes: Cell['axes']) => readonly Cell[];

/**
 * A join on one stage. Cells are grouped by the axes they have, and each group is indexed by the axes it shares with those
 * who ask, once for each set of shared axes: so a join of n cells with n cells takes n steps, not n².
 */
export function joinOn(cells: readonly Cell[]): Join {
  const groups = new Map<string, Group>();
  for (const cell of cells) {
    const names = [...cell.axes.keys()];
    const group: Group = groups.get(names.join(' ')) ?? { names, cells: [], indexes: new Map() };
    groups.set(names.join(' '), group);
    group.cells.push(cell);
  }
  return (axes) => {
    const found = [...groups.values()].map((group) => group.names.length === 0 ? group.cells : agreeing(group, axes));
    return found.length === 1 ? (found[0] ?? []) : found.flat();
  };
}

interface Group {
  readonly names: readonly string[];
  readonly cells: Cell[];
  /** By the shared axes, and then by their values. */
  readonly indexes: Map<string, ReadonlyMap<string, readonly Cell[]>>;
}

function agreeing(group: Group, axes: Cell['axes']): readonly Cell[] {
  const shared = group.names.filter((name) => axes.has(name));
  const index = group.indexes.get(shared.join(' ')) ?? indexOf(group.cells, shared);
  group.indexes.set(shared.join(' '), index);
  return index.get(valuesOf(axes, shared)) ?? [];
}

function indexOf(cells: readonly Cell[], shared: readonly string[]): ReadonlyMap<string, readonly Cell[]> {
  const index = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = valuesOf(cell.axes, shared);
    const list = index.get(key);
    if (list === undefined) index.set(key, [cell]);
    else list.push(cell);
  }
  return index;
}

/** Identities are tagged and length-prefixed, so that put together they still cannot be mistaken for each other. */
const valuesOf = (axes: ReadonlyMap<string, AxisValue>, names: readonly string[]): string =>
  names.map((name) => axes.get(name)?.identity ?? '').join('');
