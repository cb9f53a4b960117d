import { join } from 'node:path';
import { findProject } from '../runner/project/find-project.ts';
import type { AnnotatedFiles } from '../runner/report/github.ts';
import { isOverrideName } from '../runner/wording/override-name.ts';

/** The files of the project of the current folder. Absolute: the project may be a folder of the repository, which the reader of annotations knows. */
export function annotatedFiles(
  { file }: { readonly file?: string | undefined },
  { textOf, writtenAt }: Pick<AnnotatedFiles, 'textOf' | 'writtenAt'>,
): AnnotatedFiles {
  const place = findProject(process.cwd(), file);
  const root = place.ok ? place.value.root : process.cwd();
  return {
    placeOf: (name) => (isOverrideName(name) ? undefined : join(root, name)),
    textOf,
    ...(writtenAt === undefined ? {} : { writtenAt }),
  };
}
