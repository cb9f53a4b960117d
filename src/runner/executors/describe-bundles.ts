import { type ChildLines, childLines } from './child-lines.ts';

/** Loads bundles in a separate process and returns their declarations: a line for each bundle. */
export const describeBundles = (
  stageChild: string,
  root: string,
  bundles: readonly string[],
): Promise<ChildLines> => childLines(root, [stageChild, '--describe', ...bundles]);
