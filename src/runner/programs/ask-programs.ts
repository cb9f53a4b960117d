import type { Answer, Question } from '../../stage/question.ts';
import { askBundles } from '../executors/ask-bundles.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { bundlePath, passingBundles } from './bundle/bundle-folder.ts';
import { bundleAll } from './bundle/bundle.ts';
import { writeBundle } from './stage-programs.ts';

/** A question to a stage program, by its path or name as `uses` has it. */
export type ProgramQuestion = Omit<Question, 'bundle'> & { readonly program: string };

/**
 * Asks stage programs what they export besides `stage`; an answer a question, in their order. A program that
 * cannot be bundled answers nothing: its faults are told where it is to run.
 */
export async function askPrograms(
  workspace: Workspace,
  askChild: string,
  questions: readonly ProgramQuestion[],
): Promise<readonly Answer[]> {
  if (questions.length === 0) return [];
  const bundles = await bundleAll(workspace, [...new Set(questions.map(({ program }) => program))], 'module');
  await using folder = passingBundles(workspace.root);
  const places = new Map<string, string>();
  for (const [program, bundle] of bundles) {
    if (!bundle.ok) continue;
    const { digest, owner } = bundle.value;
    await writeBundle(workspace, folder, bundle.value);
    places.set(program, folder.placeOf(bundlePath(digest, owner?.name)));
  }
  const asked = questions.flatMap(({ program, ...question }): readonly Question[] => {
    const bundle = places.get(program);
    return bundle === undefined ? [] : [{ ...question, bundle }];
  });
  const { lines, printed } = await askBundles(askChild, workspace.root, asked);
  let next = 0;
  return questions.map(({ program }): Answer => {
    if (!places.has(program)) return { kind: 'none' };
    const line = lines[next++];
    return line === undefined
      ? { kind: 'error', text: `its process ended while it was asked: ${printed.slice(-2000)}` }
      : parseAnswer(line);
  });
}

/** What the process writes is an answer: it is a program of ours. */
function parseAnswer(line: string): Answer {
  const answer: Answer = JSON.parse(line);
  return answer;
}
