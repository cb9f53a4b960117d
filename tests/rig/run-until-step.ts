import { spawn } from 'node:child_process';
import { programs } from './build-programs.ts';
import { type Rig, until } from './rig.ts';

/**
 * A run that kills itself before its nth step (crash-at.ts), once all that it started is gone: what it
 * printed.
 */
export async function runUntilStep(rig: Pick<Rig, 'root' | 'survivors'>, nth: number): Promise<string> {
  const { crashAt, supervisor, stageChild, jobWrapper } = await programs();
  const child = spawn(process.execPath, [crashAt, String(nth), supervisor, stageChild, jobWrapper], {
    cwd: rig.root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  await new Promise((resolve) => {
    child.on('close', resolve);
  });
  await until(() => rig.survivors().length === 0, 8_000);
  return printed;
}
