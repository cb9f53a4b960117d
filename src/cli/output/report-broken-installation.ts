import { nativeFinding } from '../doctor/native-module.ts';
import { nativeModules } from '../doctor/native-modules.ts';
import { openScreen } from './screen.ts';

/**
 * After a module failed to load: prints which packages do not load here and what to do, as `doctor` does.
 * False: another kind of exception, or all packages load.
 */
export async function reportBrokenInstallation(thrown: unknown): Promise<boolean> {
  if (!isOfLoading(thrown)) return false;
  const findings = await Promise.all(nativeModules.map(nativeFinding));
  const broken = findings.filter(({ state }) => state === 'broken');
  const { colors, write } = openScreen();
  for (const { part, message, help } of broken)
    write(`${colors.red('error')}: ${part}: ${message}\n  help: ${help}\n`);
  if (broken.length > 0) process.exitCode = 2;
  return broken.length > 0;
}

const isOfLoading = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  'code' in thrown &&
  ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED'].includes(String(thrown.code));
