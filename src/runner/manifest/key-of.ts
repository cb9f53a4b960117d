import { digestOf } from '../../files/digest.ts';
import type { Value } from '../../stage/context.ts';
import type { Key } from '../identity.ts';
import { canonical } from './canonical.ts';
import type { Content, DependencyDigest, EngineDigest, Manifest, ProgramDigest } from './manifest.ts';

/** The key under which a result is filed: the SHA-256 of the manifest's canonical form. */
export function keyOf(manifest: Manifest): Key {
  const key: string = digestOf(canonical(manifestValue(manifest)));
  if (!isKey(key)) throw new Error(`not a key: ${key}`);
  return key;
}

/** The key of a program and a platform, without params and deps. */
export const programKeyOf = (manifest: Manifest): Key => keyOf({ ...manifest, params: {}, deps: {} });

/** Parses a stored key; undefined if the text is not a key. */
export const parseKey = (text: string): Key | undefined => (isKey(text) ? text : undefined);

const isKey = (text: string): text is Key => /^[0-9a-f]{64}$/.test(text);

/**
 * The manifest as a plain value. Every field is listed here: a field that is added without counting in the
 * key does not compile.
 */
export function manifestValue({
  format,
  program,
  params,
  deps,
  outs,
  env,
  platform,
  ...rest
}: Manifest): Value {
  const nothingElse: Readonly<Record<string, never>> = rest;
  return {
    format,
    program: programValue(program),
    params,
    deps: mapped(deps, dependencyValue),
    outs,
    env,
    platform,
    ...nothingElse,
  };
}

function programValue(program: ProgramDigest): Value {
  switch (program.kind) {
    case 'uses':
      return {
        kind: program.kind,
        bundle: program.bundle,
        packages: program.packages,
        ...(program.engines === undefined ? {} : { engines: mapped(program.engines, engineValue) }),
      };
    case 'command':
      return {
        kind: program.kind,
        words: program.words,
        ...(program.shell === undefined ? {} : { shell: program.shell }),
        executable: program.executable,
        code: program.code,
      };
  }
}

const engineValue = ({ bundle, packages, installed }: EngineDigest): Value => ({
  bundle,
  packages,
  ...(installed === undefined ? {} : { installed }),
});

function dependencyValue(dependency: DependencyDigest): Value {
  switch (dependency.kind) {
    case 'content':
      return { kind: dependency.kind, name: dependency.name, ...contentValue(dependency.content) };
    case 'files':
      return {
        kind: dependency.kind,
        files: dependency.files.map(({ name, content }) => ({ name, ...contentValue(content) })),
      };
    case 'absent':
      return { kind: dependency.kind };
    case 'gather':
      return {
        kind: dependency.kind,
        members: dependency.members.map(({ axes, content, adopted }) => ({
          axes,
          ...contentValue(content),
          ...(adopted === true ? { adopted } : {}),
        })),
      };
  }
}

const contentValue = ({ form, digest }: Content) => ({ form, digest });

const mapped = <T>(
  record: Readonly<Record<string, T>>,
  of: (value: T) => Value,
): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]));
