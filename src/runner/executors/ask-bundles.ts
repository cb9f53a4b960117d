import type { Question } from '../../stage/question.ts';
import { type ChildLines, childLines } from './child-lines.ts';

/** Asks bundles of stage programs, in a process of their own: a line a question. */
export const askBundles = (
  askChild: string,
  root: string,
  questions: readonly Question[],
): Promise<ChildLines> => childLines(root, [askChild], JSON.stringify(questions));
