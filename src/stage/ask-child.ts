import { readFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { atSources } from './at-sources.ts';
import type { Value } from './context.ts';
import type { Answer, Question } from './question.ts';

/**
 * The process that queries the previews of stage programs: `ask-child.js`, with the questions as a JSON list
 * on its standard input. The answers are lines of JSON on the file descriptor that PIPELINE_EVENTS names, in
 * the order of the questions. It is separate from stage-child.js, whose bytes are in every key.
 */
const questions: readonly Question[] = JSON.parse(readFileSync(0, 'utf8'));
for (const question of questions) write(await answerTo(question));
// A program that starts something when it is loaded must not keep the process alive.
process.exit(0);

async function answerTo({ bundle, name, params, deps, device }: Question): Promise<Answer> {
  try {
    const exported: Readonly<Record<string, unknown>> = await import(pathToFileURL(bundle).href);
    const answering = exported[name];
    if (answering === undefined) return { kind: 'none' };
    if (typeof answering !== 'function') return { kind: 'error', text: `its "${name}" is not a function` };
    const value: Value = await answering(params, deps, device);
    return { kind: 'value', value };
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    const lines = stack.split('\n');
    const place = atSources(stack, bundle)
      .split('\n')
      .find((line, index) => line !== lines[index]);
    return { kind: 'error', text: `${String(error)}${place === undefined ? '' : ` ${place.trim()}`}` };
  }
}

function write(answer: Answer): void {
  const bytes = Buffer.from(`${JSON.stringify(answer)}\n`);
  for (let written = 0; written < bytes.length;)
    written += writeSync(Number(process.env['PIPELINE_EVENTS']), bytes, written);
}
