import { compareValues } from '../../manifest/canonical.ts';
import type { AxisValue } from './axis-value.ts';
import type { Cell } from './cell.ts';

/** Finds the cells of a stage that agree with another cell on every axis both have, in canonical order. */
export type Join<C extends Cell = Cell> = (axes: Cell['axes']) => readonly C[];

/**
 * A join on one stage. Cells are grouped by the axes they have, and each group is indexed by the axes it
 * shares with those who ask, once for each set of shared axes: so a join of n cells with n cells takes n
 * steps, not n².
 */
export function joinOn<C extends Cell>(cells: readonly C[]): Join<C> {
  const groups = new Map<string, Group<C>>();
  for (const cell of canonicalOrder(cells)) {
    const names = [...cell.axes.keys()];
    const group: Group<C> = groups.get(names.join(' ')) ?? { names, cells: [], indexes: new Map() };
    groups.set(names.join(' '), group);
    group.cells.push(cell);
  }
  return (axes) => {
    const found = [...groups.values()]
      .map((group) => agreeing(group, axes))
      .filter(({ length }) => length > 0);
    return found.length > 1 ? found.flat() : (found[0] ?? []);
  };
}

interface Group<C> {
  readonly names: readonly string[];
  readonly cells: C[];
  /** By the shared axes, and then by their values. */
  readonly indexes: Map<string, ReadonlyMap<string, readonly C[]>>;
}

function agreeing<C extends Cell>(group: Group<C>, axes: Cell['axes']): readonly C[] {
  const shared = group.names.filter((name) => axes.has(name));
  if (shared.length === 0) return group.cells;
  const index = group.indexes.get(shared.join(' ')) ?? indexOf(group.cells, shared);
  group.indexes.set(shared.join(' '), index);
  return index.get(valuesOf(axes, shared)) ?? [];
}

function indexOf<C extends Cell>(
  cells: readonly C[],
  shared: readonly string[],
): ReadonlyMap<string, readonly C[]> {
  const index = new Map<string, C[]>();
  for (const cell of cells) {
    const key = valuesOf(cell.axes, shared);
    const list = index.get(key);
    if (list === undefined) index.set(key, [cell]);
    else list.push(cell);
  }
  return index;
}

/**
 * Identities are tagged and length-prefixed, so that put together they still cannot be mistaken for each
 * other.
 */
const valuesOf = (axes: ReadonlyMap<string, AxisValue>, names: readonly string[]): string =>
  names.map((name) => axes.get(name)?.identity ?? '').join('');

/**
 * By the names of the axes, then by their values, both in the order of the names: an order that the YAML does
 * not make, so that it cannot reach the result of a stage that gathers. Values are compared once, not once
 * for each pair of cells.
 */
function canonicalOrder<C extends Cell>(cells: readonly C[]): readonly C[] {
  const ranks = ranksOf(cells);
  const keyed = cells.map((cell) => {
    const axes = [...cell.axes].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      cell,
      names: axes.map(([name]) => name).join(' '),
      ranks: axes.map(([, { identity }]) => ranks.get(identity) ?? 0),
    };
  });
  return keyed
    .sort((a, b) => (a.names === b.names ? compareRanks(a.ranks, b.ranks) : a.names < b.names ? -1 : 1))
    .map(({ cell }) => cell);
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((rank, index) => rank !== b[index]);
  return differing < 0 ? 0 : (a[differing] ?? 0) - (b[differing] ?? 0);
}

/** The place of every value of every axis among all of them. */
function ranksOf(cells: readonly Cell[]): ReadonlyMap<string, number> {
  const values = new Map<string, AxisValue>();
  for (const { axes } of cells) for (const value of axes.values()) values.set(value.identity, value);
  const sorted = [...values.values()].sort((a, b) => compareValues(a.value, b.value));
  return new Map(sorted.map(({ identity }, rank) => [identity, rank]));
}
