import { nativeFinding } from './doctor/native-module.ts';
import { nativeModules } from './doctor/native-modules.ts';
import { openScreen } from './screen.ts';

/** After an exception: whether packages that do not load here explain it. If so, says which and what to do, as `doctor` does. */
export async function reportBrokenInstallation(): Promise<boolean> {
  const findings = await Promise.all(nativeModules.map(nativeFinding));
  const broken = findings.filter(({ state }) => state === 'broken');
  const { colors, write } = openScreen();
  for (const { part, message, help } of broken) write(`${colors.red('error')}: ${part}: ${message}\n  help: ${help}\n`);
  if (broken.length > 0) process.exitCode = 2;
  return broken.length > 0;
}
