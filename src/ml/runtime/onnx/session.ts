import type { Entry, HostValue, RuntimeOptions, Session, SessionPlan, Values } from '../runtime.ts';
import { compileOnnx, type OnnxProgram } from './compile-onnx.ts';
import { createVariableMemory } from './variable-memory.ts';

/** A session whose variables are what the last run left of them. */
export const openSession = async <Name extends string>(
  { constants = {}, entries }: SessionPlan<Name>,
  options: RuntimeOptions,
): Promise<Session<Name>> => openEntries(constants, entries, options);

/** Entries over the values of a session, which their updates change. */
export interface Entries {
  /** The values as they are now. */
  values(): Values;
  run(name: string, feeds: Values): Promise<Values>;
  release(): Promise<void>;
}

/**
 * The outputs and the updates of each entry as one program, which is compiled when it first runs: of those of
 * generation, a search uses some.
 */
export function openEntries(
  initial: Values,
  entries: Readonly<Record<string, Entry>>,
  options: RuntimeOptions,
): Entries {
  let held = initial;
  const place = createVariableMemory();
  const programs = new Map<string, Promise<OnnxProgram>>();
  const programOf = (name: string): Promise<OnnxProgram> => {
    const known = programs.get(name);
    if (known !== undefined) return known;
    const entry = entries[name];
    if (entry === undefined) throw new Error(`the session has no entry "${name}"`);
    const { outputs, updates = {} } = entry;
    const program = compileOnnx(
      { outputs: { ...prefixed('out', outputs), ...prefixed('update', updates) } },
      options,
    );
    programs.set(name, program);
    return program;
  };
  return {
    values: () => held,
    async run(name, feeds) {
      const program = await programOf(name);
      const results = await program.run({ ...held, ...feeds }, (output, shape) => {
        const variable = unprefixed('update', output);
        return variable === undefined ? undefined : place(variable, shape, held[variable]);
      });
      held = { ...held, ...named('update', results) };
      return named('out', results);
    },
    async release() {
      // One that could not be compiled has thrown where it was run.
      for (const program of await Promise.allSettled(programs.values()))
        if (program.status === 'fulfilled') await program.value.release();
    },
  };
}

type Kind = 'out' | 'update';

/** Outputs and updates may have the same names. */
const prefixed = <T>(kind: Kind, values: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${kind}:${name}`, value]));

const unprefixed = (kind: Kind, name: string): string | undefined =>
  name.startsWith(`${kind}:`) ? name.slice(kind.length + 1) : undefined;

function named(kind: Kind, values: Values): Values {
  const found: Record<string, HostValue> = {};
  for (const [prefixedName, value] of Object.entries(values)) {
    const name = unprefixed(kind, prefixedName);
    if (name !== undefined) found[name] = value;
  }
  return found;
}
