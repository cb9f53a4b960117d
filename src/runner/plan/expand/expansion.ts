import type { Report } from '../../diagnostic.ts';
import type { Pipeline } from '../../pipeline-file/pipeline.ts';
import type { SourceRequest } from '../../pipeline-file/source-request.ts';
import type { Node } from '../../pipeline-file/yaml/node.ts';
import type { PlannedList } from '../instance.ts';
import type { AxisValue } from './axis-value.ts';
import type { Cell, ListedCells, Point } from './cell.ts';
import type { Join } from './join.ts';
import type { LeftCell } from './kept-cells.ts';

/** The inputs and the results of expanding the matrices of a pipeline. */
export interface Expansion {
  readonly pipeline: Pipeline;
  /** Of the stages that are done. */
  readonly cells: ReadonlyMap<string, readonly Cell[]>;
  /** Of these stages, the cells that their `when` leaves out. */
  readonly left: ReadonlyMap<string, readonly LeftCell[]>;
  readonly listed: ReadonlyMap<string, readonly ListedCells[]>;
  readonly joins: Map<string, Join>;
  readonly readList: SourceRequest['readList'];
  /** Those that were read, by instance and out. */
  readonly lists: Map<string, PlannedList & { readonly values: readonly AxisValue[] | undefined }>;
  readonly inCycle: ReadonlySet<string>;
  readonly known: Map<Node, AxisValue>;
  /** How many instances the pipeline may still have. */
  readonly budget: { left: number };
  readonly report: Report;
}

/** Some cells of a matrix, and those that come from lists. */
export interface Product {
  readonly points: readonly Point[];
  readonly listed: readonly ListedCells[];
}
