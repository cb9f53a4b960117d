import type { Range } from '../../diagnostic.ts';
import type { InstanceId } from '../../identity.ts';
import type { InstanceName } from '../instance-name.ts';
import type { AxisValue } from './axis-value.ts';

/**
 * One cell of a stage's matrix: a value for each of its axes, in the order in which the stage first names
 * them.
 */
export interface Cell {
  readonly axes: ReadonlyMap<string, AxisValue>;
  readonly name: InstanceName;
  /** The position to report faults of this cell at. */
  readonly at: Range;
  /** The instances whose lists gave it values. */
  readonly lists: readonly InstanceId[];
}

/** The cells that come from a list with any content: its axes match any value. */
export interface ListedCells {
  /** In the order of the stage; null: any value. */
  readonly axes: ReadonlyMap<string, AxisValue | null>;
  /** The instances that make the lists, as far as they are known. */
  readonly lists: readonly InstanceId[];
  /** Whether its lists are known: then its cells are among the others. */
  readonly isKnown: boolean;
}

/** A cell without its name. */
export type Point = Omit<Cell, 'name'>;

/** Whether cells of a list could agree with others on every axis both have. */
export const couldAgree = (listed: ListedCells, axes: Cell['axes']): boolean =>
  [...listed.axes].every(([name, value]) => {
    const other = axes.get(name);
    return value === null || other === undefined || other.identity === value.identity;
  });

/** Axes in an order, those that are there. */
export const inOrder = <T>(axes: ReadonlyMap<string, T>, order: readonly string[]): ReadonlyMap<string, T> =>
  new Map(
    order.flatMap((name): readonly [string, T][] => {
      const value = axes.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
