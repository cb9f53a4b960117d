import type { Ignored } from '../../manifest/tree.ts';
import { readFileSync } from 'node:fs';
import { gitignoreRules, ignoringRule } from './gitignore.ts';
import { placeOf, type ProjectFiles } from '../workspace.ts';

/** The file of a project's own rules, at its root, in the syntax of .gitignore. */
const ignoreFile = '.pipelineignore';

/** Files that systems, editors and interpreters create in folders: ignored in folders that are read. */
const ignoredByDefault = [
  '__pycache__/',
  '.ipynb_checkpoints/',
  '.git',
  '.DS_Store',
  'Thumbs.db',
  'desktop.ini',
  '.nfs*',
  '*~',
  '.*.sw[a-p]',
  '.#*',
  '\\#*#',
];

export interface IgnoreRules {
  /** `folder`: the folder that is read, whose own path is never ignored; `inside`: a path below it. */
  ignored(folder: string, inside: string, isFolder: boolean): Ignored | undefined;
}

/** The rules of a project. A rule of its own may take a built-in one back: `!.git`. */
export function ignoreRules(workspace: ProjectFiles): IgnoreRules {
  const builtIn = gitignoreRules(ignoredByDefault.join('\n'));
  // A run with nothing to do repeats this read.
  const own =
    workspace.disk.stat(placeOf(workspace, ignoreFile))?.isFile() === true
      ? readFileSync(placeOf(workspace, ignoreFile), 'utf8')
      : undefined;
  const rules = own === undefined ? builtIn : [...builtIn, ...gitignoreRules(own)];

  return {
    ignored(folder, inside, isFolder) {
      const name = isFolder ? `${inside}/` : inside;
      // The project's rules apply to its own paths; and naming an ignored folder explicitly selects its
      // content.
      const isApart =
        folder.startsWith('/') || (folder !== '.' && ignoringRule(rules, `${folder}/`) !== undefined);
      const rule = isApart
        ? ignoringRule(builtIn, name)
        : ignoringRule(rules, folder === '.' ? name : `${folder}/${name}`);
      if (rule === undefined) return undefined;
      const { pattern } = rule;
      return {
        path: `${folder}/${inside}`,
        rule: ignoredByDefault.includes(pattern) ? `${pattern}, built in` : `${pattern} in ${ignoreFile}`,
      };
    },
  };
}
