import type { Pipeline } from '../../pipeline-file/pipeline.ts';
import { descend, type Lookup, unknownReference } from '../../pipeline-file/vars/interpolate.ts';
import type { Cell } from './cell.ts';

/** What references in an instance mean: vars, its axes, and `best` where no axis has that name. */
export function cellLookup(
  { axes, name }: Pick<Cell, 'axes' | 'name'>,
  { vars, best }: Pick<Pipeline, 'vars' | 'best'>,
): Lookup {
  return (reference, report) => {
    const [root = '', second] = reference.path;
    if (root === 'vars') return vars(reference, report);
    const axis = axes.get(root);
    // A map's `name` labels it: it can be referenced like any field, and is no part of the whole value.
    if (axis !== undefined)
      return descend(second === undefined ? axis.bare : axis.node, reference, 1, report);
    if (root === 'best' && best !== undefined) return descend(best.node, reference, 1, report);
    if (root === 'deps' || root === 'outs' || root === 'params') {
      return void report({
        severity: 'error',
        code: 'unknown-reference',
        message: `\${${root}.…} is known only in cmd`,
        at: reference.at,
        help: 'other values can refer to vars and axes',
      });
    }
    return void report(
      unknownReference(
        root,
        `among vars and the axes of ${name.id}`,
        new Set(['vars', ...(best === undefined ? [] : ['best']), ...axes.keys()]),
        reference.at,
      ),
    );
  };
}
