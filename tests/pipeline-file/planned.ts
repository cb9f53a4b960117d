import type { Diagnostic } from '../../src/runner/diagnostic.ts';
import type { Instance, Plan } from '../../src/runner/plan/instance.ts';
import { nearest } from '../../src/runner/pipeline-file/nearest.ts';
import { planFile } from '../../src/runner/plan/plan-file.ts';

/** A project in memory: its pipeline file, others by path, and the texts of --set. */
export interface Written {
  readonly files?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly set?: readonly string[];
}

export function planned(text: string, { files = {}, file = 'pipeline.yaml', set = [] }: Written = {}) {
  const all: Readonly<Record<string, string>> = { [file]: text, ...files };
  return planFile({
    file,
    overrides: set,
    nearestPath: (path) => nearest(path, Object.keys(all)),
    readText: (path) => {
      const found = Object.hasOwn(all, path) ? all[path] : undefined;
      return found === undefined
        ? { ok: false, error: 'no such file or folder' }
        : { ok: true, value: found };
    },
  });
}

/** The plan of a text that has no faults. */
export function planOfText(text: string, written: Written = {}): Plan {
  const { result, sources } = planned(text, written);
  if (!result.ok) throw new Error(result.error.map((fault) => faultText(fault, sources)).join('\n'));
  return result.value;
}

export function instanceOf(plan: Plan, id: string): Instance {
  const found = plan.instances.find((instance) => instance.id === id);
  if (found === undefined)
    throw new Error(`no ${id} among ${plan.instances.map((instance) => instance.id).join(' ')}`);
  return found;
}

/** The faults of a text as "code line:column marked text", in order. */
export function faultsOf(text: string, written: Written = {}): readonly string[] {
  const { result, sources } = planned(text, written);
  return result.ok ? [] : result.error.map((fault) => faultText(fault, sources));
}

export function faultText({ code, at }: Diagnostic, sources: ReadonlyMap<string, string>): string {
  if (at === undefined) return code;
  const source = sources.get(at.file) ?? '';
  const before = source.slice(0, at.offset).split('\n');
  const place = `${before.length}:${(before.at(-1) ?? '').length + 1}`;
  return (
    `${code} ${at.file === 'pipeline.yaml' ? '' : `${at.file}:`}${place} ` +
    `${source.slice(at.offset, at.offset + at.length)}`
  );
}

/** The first fault of a text. */
export function faultOf(text: string, written: Written = {}): Diagnostic {
  const { result } = planned(text, written);
  const [first] = result.ok ? [] : result.error;
  if (first === undefined) throw new Error('expected a fault');
  return first;
}
