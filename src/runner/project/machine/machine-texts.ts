import { homedir } from 'node:os';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Result } from '../../../result.ts';
import { settingsFolder } from '../../workspace/settings-folder.ts';
import { readProjectText } from '../find-project.ts';

/** The text of a machine file. */
export interface MachineText {
  /** From the project root, or absolute. */
  readonly name: string;
  readonly text: Result<string>;
}

/**
 * The texts of the existing machine files, the project's before the user's: `pipeline.machine.yaml` beside
 * pipeline.yaml, and `machine.yaml` in the user's folder of settings.
 */
export const machineTexts = (
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
  home = environment['HOME'] ?? homedir(),
): readonly MachineText[] =>
  [join(root, 'pipeline.machine.yaml'), join(settingsFolder(environment, home), 'machine.yaml')]
    .filter((place) => existsSync(place))
    .map((place) => ({
      name: dirname(place) === root ? 'pipeline.machine.yaml' : place,
      text: readProjectText(dirname(place), place.slice(dirname(place).length + 1)),
    }));
