import type { Node } from '../../tensor/node.ts';
import type { Entry, RuntimeOptions, Session, SessionPlan, Values } from '../runtime.ts';
import { compileOnnx, type OnnxProgram } from './compile-onnx.ts';
import { createExtender, type ExtendValue, type Real } from './extend-value.ts';
import { type Extension, extensionOf } from './extension.ts';

/** A session whose variables are what the last run left of them. */
export async function openSession<Name extends string>(
  { constants = {}, entries }: SessionPlan<Name>,
  options: RuntimeOptions,
): Promise<Session<Name>> {
  let held = constants;
  const extensions = new Map(
    Object.entries<Entry>(entries).map(([name, { updates = {} }]) => [name, extensionsOf(updates)]),
  );
  const programs = await compileEntries(
    Object.fromEntries(Object.entries<Entry>(entries).map(([name, entry]) => [name, withoutPast(entry)])),
    options,
  );
  const extenders = new Map<string, ExtendValue>();
  return {
    async run(name, feeds) {
      const values = { ...held, ...feeds };
      const { outputs, updates } = await programs.run(name, values);
      const extended = (extensions.get(name) ?? []).map(({ variable, axis }) => {
        const extend = extenders.get(variable) ?? createExtender();
        extenders.set(variable, extend);
        return [variable, extend(realOf(values, variable), realOf(updates, variable), axis)] as const;
      });
      held = { ...held, ...updates, ...Object.fromEntries(extended) };
      return outputs;
    },
    release: () => programs.release(),
  };
}

/** Of an update that is an extension, what is appended alone. */
function withoutPast({ outputs, updates = {} }: Entry): Entry {
  const newest = extensionsOf(updates).map((extension) => [extension.variable, extension.newest] as const);
  return { outputs, updates: { ...updates, ...Object.fromEntries(newest) } };
}

const extensionsOf = (
  updates: Readonly<Record<string, Node>>,
): readonly (Extension & { readonly variable: string })[] =>
  Object.entries(updates).flatMap(([variable, update]) => {
    const extension = extensionOf(variable, update);
    return extension === undefined ? [] : [{ variable, ...extension }];
  });

/** Entries as programs whose feeds are the session's values. */
export interface Entries {
  run(name: string, feeds: Values): Promise<{ readonly outputs: Values; readonly updates: Values }>;
  release(): Promise<void>;
}

/** Compiles the outputs and the updates of each entry as one program. */
export async function compileEntries(
  entries: Readonly<Record<string, Entry>>,
  options: RuntimeOptions,
): Promise<Entries> {
  const programs = new Map<string, OnnxProgram>();
  for (const [name, { outputs, updates = {} }] of Object.entries(entries))
    programs.set(
      name,
      await compileOnnx(
        { outputs: { ...prefixed('out', outputs), ...prefixed('update', updates) } },
        options,
      ),
    );
  return {
    async run(name, feeds) {
      const program = programs.get(name);
      if (program === undefined) throw new Error(`the session has no entry "${name}"`);
      const results = await program.run(feeds);
      return { outputs: named('out', results), updates: named('update', results) };
    },
    async release() {
      for (const program of programs.values()) await program.release();
    },
  };
}

/** Outputs and updates may have the same names. */
const prefixed = <T>(kind: string, values: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${kind}:${name}`, value]));

const named = (kind: string, values: Values): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      name.startsWith(`${kind}:`) ? [[name.slice(kind.length + 1), value]] : [],
    ),
  );

function realOf(values: Values, name: string): Real {
  const value = values[name];
  if (value?.dtype !== 'float32') throw new Error(`the variable "${name}" is not float32`);
  return value;
}
