import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Result } from '../../result.ts';
import type { Problem } from '../answers.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { MachineFile } from '../pipeline-file/machine-file.ts';
import { readProjectText } from './find-project.ts';
import { invalid } from './planning/invalid.ts';
import { settingsFolder } from '../workspace/settings-folder.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the machine files say, the project's before the user's: `pipeline.machine.yaml` beside pipeline.yaml,
 * and `machine.yaml` in the user's folder of settings. Neither has to exist; nothing is parsed where none
 * does.
 */
export async function machineFiles(
  root: string,
  environment: Environment,
  home: string,
): Promise<Result<readonly MachineFile[], Problem>> {
  const places = [
    join(root, 'pipeline.machine.yaml'),
    join(settingsFolder(environment, home), 'machine.yaml'),
  ].filter((place) => existsSync(place));
  if (places.length === 0) return { ok: true, value: [] };
  const { parseMachineFile } = await import('../pipeline-file/machine-file.ts');
  const faults: Diagnostic[] = [];
  const texts = new Map<string, string>();
  const files = places.flatMap((place): readonly MachineFile[] => {
    const name = dirname(place) === root ? 'pipeline.machine.yaml' : place;
    const text = readProjectText(dirname(place), place.slice(dirname(place).length + 1));
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
