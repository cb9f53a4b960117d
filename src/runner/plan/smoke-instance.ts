import type { Value } from '../../stage/context.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Instance, Out, Word } from './instance.ts';

/** Where smoke runs keep their rows and outs, from the project root: a folder a run. */
export const smokeFolder = 'cache/smoke';

/** How an instance of a smoke run differs from the real one. */
interface SmokeRequest {
  /** The folder of this run. */
  readonly folder: string;
  /** The params that its stage program chose; undefined: it defines none, and runs unchanged. */
  readonly params: Readonly<Record<string, Value>> | undefined;
  readonly makesList: boolean;
}

/**
 * The instance that a smoke run executes in place of a real one: small if its program says how, with a key
 * of its own, and with all outs in the folder of the smoke run, even those with `workspace: true`.
 */
export function smokeInstance(real: Instance, { folder: smoke, params, makesList }: SmokeRequest): Instance {
  // No result of it is small.
  const { frozen: _frozen, ...instance } = real;
  const folder = instance.folder.replace(/^artifacts/, smoke);
  const moved = ([name, out]: readonly [string, Out]): readonly [string, Out] => [
    name,
    writesByItself(instance, name) ? out : { ...out, path: `${folder}/${out.declared}`, workspace: false },
  ];
  return {
    ...instance,
    folder,
    params: params ?? instance.params,
    outs: Object.fromEntries(Object.entries(instance.outs).map(moved)),
    smoke: { isSmall: params !== undefined, makesList },
  };
}

/** Whether a command writes an out by a path of its own, and not where `${outs.…}` says. */
function writesByItself({ program, outs }: Instance, name: string): boolean {
  const names = (word: Word): boolean => word.some((piece) => piece.kind === 'out' && piece.name === name);
  return outs[name]?.workspace === true && program.kind !== 'uses' && !program.words.some(names);
}

/** The outs of an instance of a smoke run that would replace real files. */
export const smokeFaults = ({ id, outs, smoke }: Instance): readonly Diagnostic[] =>
  smoke === undefined
    ? []
    : Object.entries(outs)
        .filter(([, { workspace }]) => workspace)
        .map(([name, { path, at }]) => ({
          severity: 'error',
          code: 'smoke-out',
          message: `${id} cannot run with --smoke: its command writes ${path} in the project directly`,
          at,
          help: `make the command write to "\${outs.${name}}", or select other stages`,
        }));
