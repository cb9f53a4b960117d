import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { MachineFile } from '../../pipeline-file/machine-file.ts';
import { machineTexts } from './machine-texts.ts';
import { invalid } from '../planning/invalid.ts';

/**
 * What the machine files say, the project's before the user's. Neither has to exist; nothing is parsed where
 * none does.
 */
export async function machineFiles(
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
  home?: string,
): Promise<Result<readonly MachineFile[], Problem>> {
  const found = machineTexts(root, environment, home);
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
