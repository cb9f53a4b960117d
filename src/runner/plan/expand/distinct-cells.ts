import type { Report } from '../../diagnostic.ts';
import type { Stage } from '../../pipeline-file/pipeline.ts';
import { foldedFolder, instanceName } from '../instance-name.ts';
import { type Cell, inOrder, type Point } from './cell.ts';

/** Names the cells, their axes in the order of the stage, and reports those that are the same. */
export function distinctCells(
  stage: Stage,
  points: readonly Point[],
  order: readonly string[],
  report: Report,
): readonly Cell[] | undefined {
  const byIdentity = new Map<string, Cell>();
  const byFolder = new Map<string, Cell>();
  let whole = true;
  for (const point of points) {
    const axes = inOrder(point.axes, order);
    const cell: Cell = {
      axes,
      at: point.at,
      lists: point.lists,
      name: instanceName(
        stage.name,
        [...axes.values()].map(({ name }) => name),
      ),
    };
    const identity = [...axes].map(([name, value]) => `${name}:${value.identity}`).join('');
    const [same, sharing] = [byIdentity.get(identity), byFolder.get(foldedFolder(cell.name))];
    byIdentity.set(identity, cell);
    byFolder.set(foldedFolder(cell.name), cell);
    const other = same ?? sharing;
    if (other === undefined && (axes.size > 0 || points.length === 1)) continue;
    whole = false;
    report({
      severity: 'error',
      ...sameness(stage, cell, other, same !== undefined),
      at: cell.at,
      notes: other === undefined ? [] : [{ message: 'the other comes from here', at: other.at }],
    });
  }
  return whole ? [...byIdentity.values()] : undefined;
}

function sameness(
  stage: Stage,
  cell: Cell,
  other: Cell | undefined,
  equal: boolean,
): { readonly code: string; readonly message: string; readonly help: string } {
  if (other === undefined)
    return {
      code: 'no-axes',
      message:
        `one instance of ${stage.name} has no axes and others ` +
        'have: their folders would be inside its folder',
      help: 'give it the same axes as the others',
    };
  if (equal)
    return {
      code: 'same-instance',
      message: `${cell.name.id} appears twice in this matrix`,
      help: 'remove one of them',
    };
  return cell.name.id === other.name.id
    ? {
        code: 'same-identity',
        message: `two instances with different values are both named ${cell.name.id}`,
        help: namingHelp(cell, other),
      }
    : {
        code: 'same-identity',
        message: `${other.name.id} and ${cell.name.id} would share a folder where file systems ignore case`,
        help: 'give them names that differ not only in case',
      };
}

/** How the value could be named apart that makes two instances differ. */
function namingHelp(cell: Cell, other: Cell): string {
  const differing = [...cell.axes].find(([axis, value]) => other.axes.get(axis)?.identity !== value.identity);
  if (differing === undefined) return 'give them different names';
  const [axis, { node, label }] = differing;
  if (node.kind !== 'map')
    return `values of ${axis} have the same text: write them so that their texts differ`;
  return node.entries.has('name')
    ? `two values of ${axis} have the name ${label}: give one of them a different name`
    : `give the values of ${axis} names: { name: …, … }`;
}
