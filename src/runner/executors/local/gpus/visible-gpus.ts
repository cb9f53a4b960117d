import type { Gpu } from '../../executor.ts';

/** A card, as NVIDIA's tool lists it, or as its device file alone shows it. */
export interface ListedGpu {
  /** In the order of the PCI bus. */
  readonly number: number;
  readonly model: string;
  readonly uuid: string | undefined;
  /** The UUIDs of the instances that the card is divided into (MIG). */
  readonly parts: readonly string[];
}

/** What `nvidia-smi -L` prints: a line for each card, followed by an indented line for each MIG instance. */
export function parseGpuList(text: string): readonly ListedGpu[] {
  const cards: (ListedGpu & { readonly parts: string[] })[] = [];
  for (const line of text.split('\n')) {
    const [, number, model = '', uuid] = /^GPU (\d+): (.*) \(UUID: ([\w-]+)\)/.exec(line) ?? [];
    if (number !== undefined) cards.push({ number: Number(number), model, uuid, parts: [] });
    const part = /^\s+MIG .*\(UUID: (MIG-[\w/-]+)\)/.exec(line)?.[1];
    if (part !== undefined) cards.at(-1)?.parts.push(part);
  }
  return cards;
}

/**
 * The GPUs that stages may use, of those that are there: all, or what CUDA_VISIBLE_DEVICES of the runner
 * names, read as CUDA reads it (CUDA C++ Programming Guide, "CUDA Environment Variables"): numbers, or
 * beginnings of UUIDs, up to the first that names none.
 */
export function visibleGpus(
  listed: readonly ListedGpu[],
  { CUDA_VISIBLE_DEVICES: preset, CUDA_DEVICE_ORDER: order }: NodeJS.ProcessEnv,
): readonly Gpu[] {
  if (preset === undefined) return listed.flatMap(wholeOrParts);
  // CUDA numbers the fastest card first, unless it is set to use the bus order.
  const isByBus = order === 'PCI_BUS_ID' || new Set(listed.map(({ model }) => model)).size === 1;
  const named = new Map<string, Gpu>();
  for (const entry of preset.split(',').map((text) => text.trim())) {
    const gpu = /^\d+$/.test(entry) ? gpuOfNumber(listed, Number(entry), isByBus) : gpuOfUuid(listed, entry);
    if (gpu === undefined) break;
    named.set(gpu.name, gpu);
  }
  return [...named.values()];
}

const wholeOrParts = ({ number, uuid, parts }: ListedGpu): readonly Gpu[] =>
  parts.length > 0 ? parts.map((part) => ({ name: part, part })) : [{ name: String(number), card: uuid }];

function gpuOfNumber(listed: readonly ListedGpu[], number: number, isByBus: boolean): Gpu | undefined {
  const card = listed[number];
  return card && { name: String(number), card: isByBus && card.parts.length === 0 ? card.uuid : undefined };
}

function gpuOfUuid(listed: readonly ListedGpu[], entry: string): Gpu | undefined {
  if (!/^(GPU|MIG)-./.test(entry)) return undefined;
  // Where only device files are seen, CUDA alone knows the UUIDs.
  if (listed.length > 0 && listed.every(({ uuid }) => uuid === undefined)) return { name: entry };
  const cards = listed.filter(({ uuid, parts }) => parts.length === 0 && uuid?.startsWith(entry) === true);
  const parts = listed.flatMap((card) => card.parts).filter((part) => part.startsWith(entry));
  const [name, ...more] = [...cards.map(({ uuid = entry }) => uuid), ...parts];
  return name === undefined || more.length > 0 ? undefined : { name, card: cards[0]?.uuid, part: parts[0] };
}

/** Of the card, or of the part of one; undefined: it is not known. */
export const uuidOf = ({ card, part }: Gpu): string | undefined => card ?? part;

/**
 * Whether the job of a cluster was given these GPUs. Its scheduler may have given one card to several jobs on
 * purpose, so they are not claimed again.
 */
export const areAssigned = ({ CUDA_VISIBLE_DEVICES: preset, ...set }: NodeJS.ProcessEnv): boolean =>
  preset !== undefined && ['SLURM_JOB_ID', 'PBS_JOBID', 'LSB_JOBID'].some((job) => set[job] !== undefined);

/**
 * What tells CUDA which GPUs a stage may use. Numbers that were chosen here go by the bus, those of the user
 * by the user's order.
 */
export function gpuVariables(
  gpus: readonly Gpu[],
  { CUDA_VISIBLE_DEVICES: preset, CUDA_DEVICE_ORDER: order }: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  const used = order ?? (preset === undefined ? 'PCI_BUS_ID' : undefined);
  return {
    CUDA_VISIBLE_DEVICES: gpus.map(({ name }) => name).join(','),
    ...(used === undefined || gpus.length === 0 ? {} : { CUDA_DEVICE_ORDER: used }),
  };
}
