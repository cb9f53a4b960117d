import { readFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { atSources } from './at-sources.ts';
import type { ContextDocument, Gathered, StageContext } from './context.ts';
import type { StageProgram } from './define-stage.ts';
import type { StageMessage } from './message.ts';
import { isReported } from '../reported-error.ts';

/**
 * The process that a stage program runs in: `stage-child.js BUNDLE`. `stage-child.js --describe BUNDLE…`
 * instead writes the programs' declarations to the same channel, a line each.
 */
if (process.argv[2] === '--describe') await describe(process.argv.slice(3));
else void supervise(process.argv[2] ?? '');

type AnyProgram = StageProgram<ContextDocument['params'], string, string>;

/** Runs the program, and tells by messages and the exit code how it ended. */
async function supervise(bundle: string): Promise<void> {
  const document: ContextDocument = JSON.parse(readFileSync(variable('PIPELINE_CONTEXT'), 'utf8'));
  optimizeLater();
  const stop = new AbortController();
  let ended = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const fail = (error: unknown): never => {
    ended = true;
    const text = atSources(inspect(error), bundle);
    console.error(document.engine === undefined ? text : atSources(text, document.engine));
    return process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('beforeExit', () => {
    if (ended) return;
    ended = true;
    console.error('the program ended before its run was finished: a promise was never settled');
    process.exitCode = unsettled;
  });
  process.on('exit', (code) => {
    if (!ended) {
      console.error(`the program called process.exit(${code}) before its run was finished`);
      process.exitCode = code === 0 ? 1 : code;
    }
    // Output that a program writes after it was asked to stop is not a result, whatever it returned.
    if (stop.signal.aborted) process.exitCode = 143;
  });
  try {
    const failure = await work(bundle, document, stop.signal);
    ended = true;
    if (failure !== undefined) send({ kind: 'failure', text: failure });
    process.exitCode = failure === undefined ? 0 : 1;
  } catch (error) {
    fail(error);
  }
}

/**
 * Lets V8 optimize a function after 800,000 bytes of its bytecode have run, in place of 67,584: a stage of a
 * second spent a tenth of its CPU time in the compiler. From Node 22 on there is no such flag: Maglev is
 * there, a compiler for functions that are not yet worth more.
 */
function optimizeLater(): void {
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=800000');
}

/** Node's exit code for a top-level await that never settles; a run that never settles gets the same. */
const unsettled = 13;

/** Why the program failed; undefined: it did not. */
async function work(
  bundle: string,
  document: ContextDocument,
  signal: AbortSignal,
): Promise<string | undefined> {
  const program = await load(bundle);
  const engine: unknown =
    document.engine === undefined ? undefined : await import(pathToFileURL(document.engine).href);
  const result = await resultOf(program, { ...contextOf(document, signal, send), engine });
  // A signal that arrived while the program kept the thread busy is handled when the event loop polls:
  // between these two.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  return result === undefined || result.ok ? undefined : result.error;
}

/** What a program returns, whether its `run` is async or not. */
async function resultOf(
  program: AnyProgram,
  context: StageContext<ContextDocument['params']>,
): ReturnType<AnyProgram['run']> {
  try {
    return await program.run(context);
  } catch (error) {
    // Thrown by code that received the signal: the program ended on request, so this is not a bug with a
    // stack.
    if (context.signal.aborted && error === context.signal.reason) return { ok: false, error: 'interrupted' };
    if (isReported(error)) return { ok: false, error: error.message };
    throw error;
  }
}

function contextOf(
  { deps, ...rest }: ContextDocument,
  signal: AbortSignal,
  emit: StageContext<unknown>['emit'],
): Omit<StageContext<ContextDocument['params']>, 'engine'> {
  const single: Record<string, string> = {};
  const gathered: Record<string, readonly Gathered[]> = {};
  for (const [name, dep] of Object.entries(deps)) {
    if (typeof dep === 'string') {
      single[name] = dep;
      refuse(gathered, name, 'is a single path: read it from `deps`');
    } else {
      gathered[name] = dep;
      refuse(single, name, 'gathers several results: read it from `gathered`');
    }
  }
  return { ...rest, deps: single, gathered, signal, emit };
}

function refuse(of: object, name: string, message: string): void {
  Object.defineProperty(of, name, {
    get: () => {
      throw new Error(`the dep "${name}" ${message}`);
    },
  });
}

async function describe(bundles: readonly string[]): Promise<void> {
  for (const bundle of bundles) {
    const line = await load(bundle).then(
      ({ params, deps, outs, packages = [], engines = null }) => ({ params, deps, outs, packages, engines }),
      (error: unknown) => ({ error: `${String(error)}${whereIn(bundle, error)}` }),
    );
    write(`${JSON.stringify(line)}\n`);
  }
  // A program that starts something when it is loaded must not keep the process alive.
  process.exit(0);
}

/** The innermost of its own lines that an error passed. */
function whereIn(bundle: string, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const lines = stack.split('\n');
  const place = atSources(stack, bundle)
    .split('\n')
    .find((line, index) => line !== lines[index]);
  return place === undefined ? '' : ` ${place.trim()}`;
}

async function load(bundle: string): Promise<AnyProgram> {
  const exported: { readonly stage?: AnyProgram } = await import(pathToFileURL(bundle).href);
  if (typeof exported.stage?.run !== 'function')
    throw new Error('does not export a stage: write `export const stage = defineStage({ … })`');
  return exported.stage;
}

const send = (message: StageMessage): void => write(`${JSON.stringify(message)}\n`);

function write(text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;)
    written += writeSync(Number(variable('PIPELINE_EVENTS')), bytes, written);
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: the runner starts this program`);
  return value;
}
