import type { InstanceId } from '../identity.ts';
import { shellQuoted } from './shell.ts';

/** An instance as it is typed into a command, in a form that any shell takes as it stands: train:aimc,lora, where brackets would be a pattern of file names. */
export function typedInstance(id: InstanceId): string {
  const typed = id.replace(/^([^[\]]+)\[(.*)\]$/s, '$1:$2');
  return plainWord.test(typed) ? typed : shellQuoted(id);
}

const plainWord = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.,:=+@%~-]*$/u;
