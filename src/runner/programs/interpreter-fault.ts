import { closeSync, openSync, readSync } from 'node:fs';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { executablePlaces, isExecutable } from './command-program.ts';

/**
 * Why the system could not start a script, if its first line is the cause: with Windows line ends, the kernel
 * takes the carriage return as part of the interpreter's name, and reports the script as missing when its
 * interpreter is.
 */
export function interpreterFault(
  workspace: Workspace,
  script: string,
  path: string | undefined,
): { readonly message: string; readonly help: string } | undefined {
  const line = firstLine(placeOf(workspace, script));
  if (line === undefined) return undefined;
  if (line.endsWith('\r'))
    return {
      message:
        `${script} starts with ${JSON.stringify(line)}: its line ends are those of Windows (CRLF), and ` +
        "the carriage return becomes part of the interpreter's name",
      help: `convert them: sed -i 's/\\r$//' ${script}`,
    };
  const [interpreter = '', ...words] = line
    .slice(2)
    .trim()
    .split(/[ \t]+/);
  const program = interpreter.endsWith('/env') ? words.find((word) => !/^-|=/.test(word)) : undefined;
  const missing = [interpreter, ...(program === undefined ? [] : [program])].find(
    (name) =>
      name !== '' && !executablePlaces(workspace, name, path).some((place) => isExecutable(workspace, place)),
  );
  return missing === undefined
    ? undefined
    : {
        message: `${script} starts with ${JSON.stringify(line)}, and the program ${missing} does not exist`,
        help: 'install it, or name another interpreter in the first line of the script',
      };
}

/** Of a script ("#!"), without its line end; undefined: it is not a script. */
function firstLine(place: string): string | undefined {
  try {
    const file = openSync(place, 'r');
    try {
      const head = Buffer.alloc(256);
      const text = head.toString('latin1', 0, readSync(file, head, 0, head.length, 0));
      return text.startsWith('#!') ? (text.split('\n', 1)[0] ?? text) : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    // A program that may be executed need not be readable.
    return undefined;
  }
}
