import type { Fault, Report } from '../diagnostic.ts';
import { remoteFields } from './pipeline-shape.ts';
import type { SharedCacheFields } from './pipeline.ts';
import { optional, record } from './shape.ts';
import { parseYaml } from './yaml/parse-yaml.ts';

/** What holds on one machine, or for one user, and is not committed. */
export interface MachineFile {
  readonly cache: SharedCacheFields | undefined;
}

/** The file of a project, from its root. */
export const machineFileName = 'pipeline.machine.yaml';

export const machineShape = record('a machine file', {
  cache: optional(record('the shared cache', remoteFields), 'where results are shared, and how'),
});

/** Reads a machine file; an empty one says nothing. Undefined where it has faults. */
export function parseMachineFile(file: string, text: string, report: Report): MachineFile | undefined {
  const faults: Fault[] = [];
  const note: Report = (fault) => {
    faults.push(fault);
    report(fault);
  };
  const root = parseYaml(file, text, note);
  if (faults.length > 0) return undefined;
  if (root === undefined || (root.kind === 'scalar' && root.value === null)) return { cache: undefined };
  const fields = machineShape.read(root, note);
  if (fields === undefined) return undefined;
  const { remote, read, write } = fields.cache ?? {};
  return {
    cache: fields.cache && { remote: remote?.value, read: read?.value, write: write?.value },
  };
}
