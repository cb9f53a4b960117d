import { basename, dirname, join } from 'node:path';
import type { Answer, Question } from '../../stage/question.ts';
import { askBundles } from '../executors/ask-bundles.ts';
import { namesModule } from '../pipeline-file/names-module.ts';
import { placeOf, type ProjectFiles, type Workspace } from '../workspace/workspace.ts';
import { bundlePath, passingBundles } from './bundle/bundle-folder.ts';
import { bundleAll, type BundleFault } from './bundle/bundle.ts';
import { writeBundle } from './stage-programs.ts';

/** A question to a stage program, by its path or name as `uses` has it. */
type ProgramQuestion = Omit<Question, 'bundle'> & { readonly program: string };

/**
 * A stage program describes what changes no result (such as how to make it small) in the module of its name
 * in the folder `previews` beside it. It is a separate module because the bundler orders and names
 * definitions by all that a module imports, used or not: anything beside `stage` would change its key.
 */
const previewOf = (program: string): string => join(dirname(program), 'previews', basename(program));

/** Whether a stage program may have a preview: of a package that is known when it is bundled. */
export const mayHavePreview = ({ root, disk }: ProjectFiles, program: string): boolean =>
  namesModule(program) || disk.stat(placeOf({ root }, previewOf(program))) !== undefined;

/** Queries the previews of stage programs; one answer for each question, in their order. */
export async function askPrograms(
  workspace: Workspace,
  askChild: string,
  questions: readonly ProgramQuestion[],
): Promise<readonly Answer[]> {
  const programs = [...new Set(questions.map(({ program }) => program))].filter((program) =>
    mayHavePreview(workspace, program),
  );
  if (programs.length === 0) return questions.map(() => ({ kind: 'none' }));
  const bundles = await bundleAll(workspace, programs.map(previewOf));
  await using folder = passingBundles(workspace.root);
  const places = new Map<string, string>();
  const faults = new Map<string, string>();
  for (const program of programs) {
    const bundle = bundles.get(previewOf(program));
    if (bundle?.ok === true) {
      const { digest, owner } = bundle.value;
      await writeBundle(workspace, folder, bundle.value);
      places.set(program, folder.placeOf(bundlePath(digest, owner?.name)));
    } else if (!namesModule(program)) faults.set(program, faultText(program, bundle?.error ?? []));
  }
  const requests = questions.flatMap(({ program, ...question }): readonly Question[] => {
    const bundle = places.get(program);
    return bundle === undefined ? [] : [{ ...question, bundle }];
  });
  const { lines, printed } =
    requests.length === 0 ? { lines: [], printed: '' } : await askBundles(askChild, workspace.root, requests);
  let next = 0;
  return questions.map(({ program }): Answer => {
    const fault = faults.get(program);
    if (fault !== undefined) return { kind: 'error', text: fault };
    if (!places.has(program)) return { kind: 'none' };
    const line = lines[next++];
    return line === undefined
      ? { kind: 'error', text: `its process ended while it was asked: ${printed.slice(-2000)}` }
      : parseAnswer(line);
  });
}

const faultText = (program: string, faults: readonly BundleFault[]): string =>
  [previewOf(program), ...faults.map(({ message }) => message)].join(': ');

/** The process's output can be trusted: it is a helper program of this package. */
function parseAnswer(line: string): Answer {
  const answer: Answer = JSON.parse(line);
  return answer;
}
