import { shellQuoted } from '../../files/shell-quoted.ts';

/**
 * An instance as any shell takes it: train:aimc,lora, since brackets would be a pattern of file names; in
 * quotes with a "~", which zsh may take for one.
 */
export function shellName(id: string): string {
  const typed = id.replace(/^([^[\]]+)\[(.*)\]$/s, '$1:$2');
  return plainWord.test(typed) ? typed : shellQuoted(id);
}

const plainWord = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.,:=+@%-]*$/u;
