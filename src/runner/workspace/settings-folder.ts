import { join } from 'node:path';

/** Where the settings of this user are, by the XDG base directory specification. */
export function settingsFolder(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  const base = environment['XDG_CONFIG_HOME']?.trim() ?? '';
  return join(base === '' ? join(home, '.config') : base, 'medical-qa-pipeline');
}
