import { type ChildLines, childLines } from './child-lines.ts';

/** Loads bundles in a process of their own and asks what they declare: a line a bundle. */
export const describeBundles = (
  stageChild: string,
  root: string,
  bundles: readonly string[],
): Promise<ChildLines> => childLines(root, [stageChild, '--describe', ...bundles]);
