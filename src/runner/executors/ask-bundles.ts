import type { Question } from '../../stage/question.ts';
import { type ChildLines, childLines } from './child-lines.ts';

/** Queries bundles of stage programs in a separate process: a line for each question. */
export const askBundles = (
  askChild: string,
  root: string,
  questions: readonly Question[],
): Promise<ChildLines> => childLines(root, [askChild], JSON.stringify(questions));
