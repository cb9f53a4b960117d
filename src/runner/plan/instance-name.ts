import { digestOf } from '../../files/digest.ts';
import type { Value } from '../../stage/context.ts';
import type { InstanceId } from '../identity.ts';
import { isList, isMap } from '../manifest/canonical.ts';
import { sortedEntries, type Node } from '../pipeline-file/yaml/node.ts';
import { foldedPath, reservedName } from '../pipeline-file/project-path.ts';

/**
 * How the value of an axis is displayed: a map by its `name`, else as `k=v` pairs; a scalar as its source
 * text.
 */
export function labelOf(node: Node): string {
  switch (node.kind) {
    case 'broken':
      return '';
    case 'scalar':
      return node.value === null ? 'null' : node.text === '' ? "''" : node.text;
    case 'list':
      return node.items.map(labelOf).join('+');
    case 'map': {
      const name = node.entries.get('name')?.value;
      if (name?.kind === 'scalar') return name.text;
      return sortedEntries(node)
        .map(([key, { value }]) => `${key}=${labelOf(value)}`)
        .join('+');
    }
  }
}

/** As `labelOf`, of a value whose text in the YAML is not known. */
export function valueLabel(value: Value): string {
  if (typeof value === 'string') return value === '' ? "''" : value;
  if (isList(value)) return value.map(valueLabel).join('+');
  if (!isMap(value)) return JSON.stringify(value);
  const { name } = value;
  if (name !== undefined && !isList(name) && !isMap(name)) return valueLabel(name);
  return Object.keys(value)
    .sort()
    .map((key) => `${key}=${valueLabel(value[key] ?? null)}`)
    .join('+');
}

/**
 * The names of an instance: "aimc,lora" in its stage, which is its folder too, and "train[aimc,lora]" in the
 * pipeline.
 */
export interface InstanceName {
  readonly id: InstanceId;
  /** From the folder of the stage; empty for a stage without axes. */
  readonly folder: string;
}

/** `labels`: what `axisName` gave for each axis. */
export function instanceName(stage: string, labels: readonly string[]): InstanceName {
  if (labels.length === 0) return { id: branded(stage), folder: '' };
  const folder = shortened(labels.join(','));
  return { id: branded(`${stage}[${folder}]`), folder };
}

/** The only place that creates one: see identity.ts. */
const branded = (id: string): InstanceId => id as InstanceId;

/** The part of an instance's name that one axis gives. */
export const axisName = (label: string): string => shortened(encodedLabel(label));

/**
 * Encodes a label so that it is safe in file systems, shells and selections: letters, digits, marks and - _ .
 * = + @ are kept, the UTF-8 bytes of everything else are percent-encoded. Also encoded: a first character
 * that would make a hidden file, an option or a device name, and a dot at the end or before a final "failed",
 * where the name could be that of another instance's failed attempt.
 */
export function encodedLabel(label: string): string {
  const encoded = label
    .replace(/[^\p{L}\p{M}\p{N}_.=+@-]/gu, percent)
    .replace(/^[.+=@-]|\.$|\.(?=failed$)/gi, percent);
  return reservedName.test(encoded) ? percent(encoded.charAt(0)) + encoded.slice(1) : encoded;
}

const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/** File systems allow 255 bytes a name; some are reserved for the suffixes of temporary folders. */
const longest = 180;

function shortened(name: string): string {
  if (Buffer.byteLength(name) <= longest) return name;
  let cut = '';
  for (const character of name) {
    if (Buffer.byteLength(cut + character) > longest - 9) break;
    cut += character;
  }
  return `${cut.replace(/%[0-9A-F]?$/, '')}~${digestOf(name).slice(0, 8)}`;
}

/** artifacts/<pipeline>/<stage>/<instance>, from the project root. */
export const instanceFolder = (pipeline: string, stage: string, { folder }: InstanceName): string =>
  ['artifacts', encodedLabel(pipeline), encodedLabel(stage), folder].filter((part) => part !== '').join('/');

/** Instances whose folders have one folded form would share a folder on some file systems. */
export const foldedFolder = ({ folder }: InstanceName): string => foldedPath(folder);
