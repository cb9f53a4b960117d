import { execFileSync, spawnSync } from 'node:child_process';

/**
 * The Python whose packages the tests of this folder read exports with: `python3`, or what TRACKERS_PYTHON
 * names.
 */
export const python = process.env['TRACKERS_PYTHON'] ?? 'python3';

/** Whether Python has packages; what needs others is skipped by name. */
export const hasPackages = (...packages: readonly string[]): boolean =>
  spawnSync(python, [
    '-c',
    'import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))',
    ...packages,
  ]).status === 0;

/** What a script prints as JSON; `words` are its arguments. */
export function fromPython(script: string, ...words: readonly string[]): unknown {
  const printed = execFileSync(python, ['-c', script, ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return JSON.parse(printed);
}
