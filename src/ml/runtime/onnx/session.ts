import type { RuntimeOptions, Values, Entry, Session, SessionPlan } from '../runtime.ts';
import { compileOnnx, type OnnxProgram } from './compile-onnx.ts';

/** A session whose variables are what the last run left of them. */
export async function openSession<Name extends string>(
  { constants = {}, entries }: SessionPlan<Name>,
  options: RuntimeOptions,
): Promise<Session<Name>> {
  let held = constants;
  const programs = await compileEntries(entries, options);
  return {
    async run(name, feeds) {
      const { outputs, updates } = await programs.run(name, { ...held, ...feeds });
      held = { ...held, ...updates };
      return outputs;
    },
    release: () => programs.release(),
  };
}

/** Entries as programs whose feeds are the session's values. */
export interface Entries<Name extends string> {
  run(name: Name, feeds: Values): Promise<{ readonly outputs: Values; readonly updates: Values }>;
  release(): Promise<void>;
}

export async function compileEntries<Name extends string>(
  entries: Readonly<Record<Name, Entry>>,
  options: RuntimeOptions,
): Promise<Entries<Name>> {
  const programs = new Map<string, OnnxProgram>();
  for (const [name, { outputs, updates = {} }] of Object.entries<Entry>(entries))
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
