import { shellQuoted } from './shell-quoted.ts';

/**
 * A path as one word of a shell command: quoted if the shell would change it, and never taken for an option.
 */
export function shellPath(path: string): string {
  const named = path.startsWith('-') ? `./${path}` : path;
  return /^[\w./-]+$/.test(named) ? named : shellQuoted(named);
}
