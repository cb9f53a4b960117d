import type { Diagnostic } from '../../diagnostic.ts';
import { namesModule } from '../../pipeline-file/names-module.ts';
import type { Instance } from '../../plan/instance.ts';
import { engineOf } from '../../programs/engine.ts';
import type { Programs } from './checked-plan.ts';
import type { ProjectPaths } from './project-paths.ts';

/** Stage programs, and engines of them, that cannot be bundled or loaded. */
export function bundleFaults(
  { isFile }: ProjectPaths,
  instances: readonly Instance[],
  programs: Programs,
): readonly Diagnostic[] {
  return instances.flatMap(({ program, params }) => {
    if (program.kind !== 'uses') return [];
    if (!namesModule(program.path) && !isFile(program.path)) return [];
    const bundled = programs.get(program.path);
    const engine = bundled?.ok === true ? engineOf(bundled.value, params) : undefined;
    const faults =
      bundled?.ok === false ? bundled.error : engine?.facts.ok === false ? engine.facts.error : [];
    const name = engine === undefined ? program.path : `${program.path}, engine "${engine.name}"`;
    return faults.map(({ message, at, help, suggestion }): Diagnostic => {
      const fault = {
        severity: 'error',
        code: 'bad-program',
        ...(help === undefined ? {} : { help }),
        ...(suggestion === undefined ? {} : { suggestion }),
      } as const;
      return at === undefined
        ? { ...fault, message: `${name}: ${message}`, at: program.at }
        : { ...fault, message, at, notes: [{ message: 'a stage uses it', at: program.at }] };
    });
  });
}
