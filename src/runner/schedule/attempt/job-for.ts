import type { ContextDocument } from '../../../stage/context.ts';
import { stageEnvironment } from '../../executors/environment.ts';
import type { Gpu, Job, JobProgram } from '../../executors/executor.ts';
import type { Key } from '../../identity.ts';
import { commandArguments } from '../../plan/command/command.ts';
import type { Instance } from '../../plan/instance.ts';
import { engineOf, installedFacts } from '../../programs/engine.ts';
import type { Assessment } from '../../status/assess.ts';
import type { Session } from '../../status/session.ts';
import { deviceOf } from '../../status/identity/manifest-of.ts';
import type { Inputs } from '../../status/identity/read-inputs.ts';
import { attemptFolder, contextFile } from '../../workspace/cache-layout.ts';
import { scratchPath } from '../../workspace/scratch.ts';
import { placeOf } from '../../workspace/workspace.ts';
import { attemptOuts } from './attempt-folder.ts';

/** What is known of a job only when its attempt begins. */
interface JobTraits {
  readonly nonce: string;
  readonly gpus: readonly Gpu[];
  /** The file of its output, from the project root. */
  readonly output: string;
}

/** The job of an attempt, for its executor. */
export function jobFor(
  session: Session,
  instance: Instance,
  assessment: Assessment,
  { nonce, gpus, output }: JobTraits,
): Job {
  const { workspace, environment } = session;
  const folder = placeOf(workspace, attemptFolder(assessment.key));
  return {
    nonce,
    name: instance.id,
    program: programOf(session, instance, assessment),
    root: workspace.root,
    folder,
    environment: {
      ...stageEnvironment(environment, instance.env, instance.passEnv),
      PIPELINE_CONTEXT: contextFile(folder),
    },
    output: placeOf(workspace, output),
    resources: instance.resources,
    gpus,
    timeoutSeconds: instance.timeout,
    scratch: placeOf(workspace, scratchPath(assessment.key)),
    stamps: assessment.inputs.stamps,
  };
}

/** What a stage program finds in `context.json`. */
export function contextFor(
  session: Session,
  instance: Instance,
  { key, inputs }: Assessment,
): ContextDocument {
  const facts = instance.program.kind === 'uses' ? session.programs.get(instance.program.path) : undefined;
  const engine = facts && engineOf(facts, instance.params);
  const installed = engine && installedFacts(facts.description, engine.name, session.environment);
  return {
    params: instance.params,
    deps: depPaths(inputs),
    outs: outPaths(instance, key),
    scratch: scratchPath(key),
    cpus: instance.resources.cpus,
    device: deviceOf(instance),
    ...(engine?.facts.ok === true ? { engine: engine.facts.value.file } : {}),
    ...(installed?.ok === true && installed.value !== undefined
      ? { engineFolder: installed.value.folder }
      : {}),
  };
}

function programOf(session: Session, instance: Instance, { key, inputs }: Assessment): JobProgram {
  const { program } = instance;
  if (program.kind !== 'uses') {
    const words = commandArguments(program, {
      deps: commandPaths(inputs),
      outs: new Map(Object.entries(outPaths(instance, key))),
    });
    return { kind: 'command', words };
  }
  const facts = session.programs.get(program.path);
  if (facts === undefined) throw new Error(`${program.path} was not bundled`);
  return { kind: 'stage', bundle: placeOf(session.workspace, facts.file) };
}

/** An optional path that does not exist is the empty string. */
function commandPaths(inputs: Inputs): ReadonlyMap<string, string | readonly string[]> {
  const passed = depPaths(inputs);
  return new Map(
    Object.keys(inputs.digests).map((name) => {
      const path = passed[name] ?? '';
      return [name, typeof path === 'string' ? path : path.map((member) => member.path)];
    }),
  );
}

const depPaths = ({ paths }: Inputs): Inputs['paths'] =>
  Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [
      name,
      typeof path === 'string'
        ? passed(path)
        : path.map((member) => ({ ...member, path: passed(member.path) })),
    ]),
  );

const outPaths = (instance: Instance, key: Key): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(attemptOuts(instance, key)).map(([name, path]) => [name, passed(path)]));

/** A path as a stage gets it, written so that no program parses it as an option. */
const passed = (path: string): string => (path.startsWith('-') ? `./${path}` : path);
