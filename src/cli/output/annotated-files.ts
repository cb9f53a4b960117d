import { findProject, placeInProject } from '../../runner/project/find-project.ts';
import type { AnnotatedFiles } from '../../runner/report/display/github.ts';

/**
 * The files of the project of the current folder. `file`: as `-f` names it. Their paths are absolute: the
 * project may be a folder of the repository, which the reader of annotations knows.
 */
export function annotatedFiles(
  file: string | undefined,
  { textOf, writtenAt }: Pick<AnnotatedFiles, 'textOf' | 'writtenAt'>,
): AnnotatedFiles {
  const place = findProject(process.cwd(), file);
  const root = place.ok ? place.value.root : process.cwd();
  return {
    placeOf: (name) => placeInProject(root, name),
    textOf,
    ...(writtenAt === undefined ? {} : { writtenAt }),
  };
}
