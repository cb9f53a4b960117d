import type { Diagnostic } from '../../diagnostic.ts';
import type { Capacity } from '../../executors/executor.ts';
import type { Instance } from '../../plan/instance.ts';
import { pluralize } from '../../wording/pluralize.ts';
import { sizeText } from '../../wording/size-text.ts';

/** What an instance requests beyond the machine. */
export function resourceFaults(
  { resources, resourceRanges }: Instance,
  capacity: Capacity,
): readonly Diagnostic[] {
  const tooMuch = (what: keyof Instance['resourceRanges'], wanted: string, there: string): Diagnostic => ({
    severity: 'error',
    code: 'unsatisfiable',
    message: `${wanted} requested, but this machine has ${there}`,
    at: resourceRanges[what],
    help: `lower resources.${what}`,
  });
  const gpus = resources.gpus === 0 ? undefined : capacity.gpus()?.length;
  return [
    ...(gpus !== undefined && resources.gpus > gpus
      ? [tooMuch('gpus', pluralize(resources.gpus, 'GPU is', 'GPUs are'), String(gpus || 'none'))]
      : []),
    ...(resources.memory > capacity.memory
      ? [tooMuch('memory', `${sizeText(resources.memory)} of memory are`, sizeText(capacity.memory))]
      : []),
  ];
}
