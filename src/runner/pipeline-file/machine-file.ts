import type { Fault, Located, Report } from '../diagnostic.ts';
import type { ExecutorSettings } from './executor-settings.ts';
import { executorsShape } from './shapes/executor-shape.ts';
import { remoteFields } from './shapes/shared-cache-shape.ts';
import type { SharedCacheFields } from './pipeline.ts';
import { matching, namePattern, optional, record, text } from './shapes/shape.ts';
import { type TrackerSettings, trackingShape } from './shapes/tracking-shape.ts';
import { parseYaml } from './yaml/parse-yaml.ts';

/** What holds on one machine, or for one user, and is not committed. */
export interface MachineFile {
  readonly cache: SharedCacheFields | undefined;
  /** Where stages run that name no executor. */
  readonly executor: Located<string> | undefined;
  readonly executors: ReadonlyMap<string, ExecutorSettings>;
  /** Below which folder the rows and the lock of projects are kept: absolute, or from `~/`. */
  readonly store: Located<string> | undefined;
  /** Beside those of the pipeline file. */
  readonly tracking: readonly TrackerSettings[];
}

const localFolder = matching('an absolute folder, or one from ~/', /^(~?\/).*$/);

const machineShape = record('a machine file', {
  cache: optional(record('the shared cache', remoteFields), 'where results are shared, and how'),
  executor: optional(text, 'the default executor of stages'),
  executors: optional(executorsShape(namePattern), 'queues that stages can be run on, by name'),
  store: optional(localFolder, 'a folder on a disk of this machine, for the rows and locks of projects'),
  tracking: optional(trackingShape, 'trackers that runs are sent to'),
});

/** Reads a machine file; an empty file is valid. Undefined where it has faults. */
export function parseMachineFile(file: string, content: string, report: Report): MachineFile | undefined {
  const faults: Fault[] = [];
  const note: Report = (fault) => {
    faults.push(fault);
    report(fault);
  };
  const root = parseYaml(file, content, note);
  if (faults.length > 0) return undefined;
  if (root === undefined || (root.kind === 'scalar' && root.value === null)) return nothing;
  const fields = machineShape.read(root, note);
  if (fields === undefined) return undefined;
  const { remote, read, write } = fields.cache ?? {};
  return {
    cache: fields.cache && { remote: remote?.value, read: read?.value, write: write?.value },
    executor: fields.executor,
    executors: fields.executors ?? new Map(),
    store: fields.store,
    tracking: fields.tracking ?? [],
  };
}

const nothing: MachineFile = {
  cache: undefined,
  executor: undefined,
  executors: new Map(),
  store: undefined,
  tracking: [],
};
