import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { MachineFile } from '../../pipeline-file/machine-file.ts';
import type { MachineText } from './machine-texts.ts';
import { invalid } from '../planning/invalid.ts';

/** The settings of machine files, in their order. What reads YAML is loaded only if there are any. */
export async function machineFiles(
  found: readonly MachineText[],
): Promise<Result<readonly MachineFile[], Problem>> {
  if (found.length === 0) return { ok: true, value: [] };
  const { parseMachineFile } = await import('../../pipeline-file/machine-file.ts');
  const faults: Diagnostic[] = [];
  const texts = new Map<string, string>();
  const files = found.flatMap(({ name, text }): readonly MachineFile[] => {
    if (!text.ok) {
      faults.push({ severity: 'error', code: 'machine-file', message: `${name}: ${text.error}` });
      return [];
    }
    texts.set(name, text.value);
    const file = parseMachineFile(name, text.value, (fault) => void faults.push(fault));
    return file === undefined ? [] : [file];
  });
  return faults.length > 0 ? invalid(faults, texts) : { ok: true, value: files };
}
