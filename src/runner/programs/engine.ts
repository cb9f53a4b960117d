import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '../../files/digest.ts';
import {
  damagedFile,
  engineFolder,
  identityOf,
  installedName,
  readInstalled,
} from '../../files/installed-engine.ts';
import type { Result } from '../../result.ts';
import type { Value } from '../../stage/context.ts';
import type { TreeItem } from '../manifest/tree.ts';
import type { BundleFault } from './bundle/bundle.ts';
import type { Description } from './describe.ts';

/**
 * A module that computes for stage programs, bundled by itself: an edit of it changes no program that does
 * not name it.
 */
export interface EngineFacts {
  readonly bundle: Digest;
  /** The bundle, from the project root. */
  readonly file: string;
  /** The files of the project that the bundle was made from. */
  readonly code: readonly TreeItem[];
  /** The files that its packages were read from. */
  readonly sources: readonly string[];
  readonly packages: Readonly<Record<string, string>>;
}

/**
 * The engines of a stage program, by name. An engine that cannot be bundled is a fault only of the instances
 * that name it.
 */
export type Engines = ReadonlyMap<string, Result<EngineFacts, readonly BundleFault[]>>;

interface NamedEngine {
  readonly name: string;
  readonly facts: Result<EngineFacts, readonly BundleFault[]>;
}

/** An engine that is installed for all projects of a user, as it lies there. */
interface InstalledFacts {
  readonly folder: string;
  /** The value that represents it in a key. */
  readonly identity: string;
  /** Whether it can compute on a GPU. */
  readonly gpu: boolean;
  /** The file that names the current version. */
  readonly record: string;
}

/**
 * The installed engine of a name; undefined: an engine of that name is not installed but bundled. The error
 * says what to do.
 */
export function installedFacts(
  { engines }: Pick<Description, 'engines'>,
  name: string,
  environment: NodeJS.ProcessEnv,
): Result<InstalledFacts | undefined> {
  if (engines?.installed?.includes(name) !== true) return { ok: true, value: undefined };
  const folder = engineFolder(name, environment, homedir());
  const found = readInstalled(folder);
  const repair = `run \`npx pipeline setup ${name}\``;
  if (!found.ok) return { ok: false, error: `${found.error}: ${repair}` };
  if (found.value === undefined)
    return { ok: false, error: `the engine "${name}" is not installed: ${repair}` };
  const damaged = damagedFile(folder, found.value);
  return damaged === undefined
    ? {
        ok: true,
        value: {
          folder: join(folder, found.value.folder),
          identity: identityOf(found.value),
          gpu: found.value.gpu,
          record: join(folder, installedName),
        },
      }
    : { ok: false, error: `the engine "${name}" is damaged (${damaged}): ${repair}` };
}

/**
 * The engine that the params of an instance name; undefined: its program has no engines, or none of that
 * name.
 */
export function engineOf(
  { description, engines }: { readonly description: Description; readonly engines: Engines },
  params: Readonly<Record<string, Value>>,
): NamedEngine | undefined {
  const name = description.engines === null ? undefined : params[description.engines.by];
  const facts = typeof name === 'string' ? engines.get(name) : undefined;
  return typeof name === 'string' && facts !== undefined ? { name, facts } : undefined;
}
