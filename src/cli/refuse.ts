import { openScreen } from './output/screen.ts';

/** Says why a command does not do what was asked, and sets the exit code: 2 where the words were wrong. */
export function refuse(error: string, exitCode: 1 | 2): void {
  openScreen().write(`error: ${error}\n`);
  process.exitCode = exitCode;
}
