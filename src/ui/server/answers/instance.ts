import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileProblem, fileProblemText } from '../../../files/file-problem.ts';
import type { Result } from '../../../result.ts';
import type { InstanceLog, MetricValue, Project } from '../../../runner/project.ts';
import { logParts } from '../../../runner/report/log-text.ts';
import { failureText } from '../../../runner/report/outcome-text.ts';
import { reasonText } from '../../../runner/report/reason-text.ts';
import type { InstanceAnswer, LogAnswer, OutAnswer, PrintedAnswer } from '../../api.ts';
import type { JsonNumber } from '../../../pages/result-answers.ts';
import type { Refusal } from './refusal.ts';
import { everything } from './graph.ts';

/** The state of one instance, and its history in a run, or in the last run that tried it. */
export async function instanceAnswer(
  project: Project,
  name: string,
  run: string | null,
): Promise<Result<InstanceAnswer, Refusal>> {
  const only = { patterns: [name], mode: 'only' } as const;
  const graph = await project.graph(everything);
  if (!graph.ok) return graph;
  const explained = await project.explain(name);
  if (!explained.ok) return explained;
  const outs = await outsOf(project, name);
  if (!outs.ok) return outs;
  const log = await project.log(name, run ?? undefined);
  if (!log.ok) return log;
  const metrics = await project.metrics(only);
  const { because, failure, ...known } = explained.value;
  const { edges } = graph.value;
  return {
    ok: true,
    value: {
      instance: known.instance,
      state: known.state,
      because: because.map(reasonText),
      after: known.after,
      fault: known.fault,
      failure: failure && failureText(failure),
      key: known.key,
      manifest: known.manifest,
      needs: edges.filter(({ to }) => to === name).map(({ from }) => from),
      neededBy: edges.filter(({ from }) => from === name).map(({ to }) => to),
      outs: outs.value.map(({ out, path, kind, there, isFile }) => ({ out, path, kind, there, isFile })),
      log: log.value && logAnswer(log.value),
      metrics: jsonNumbers(metrics.ok ? (metrics.value[0]?.values ?? {}) : {}),
    },
  };
}

/** As in JSON: the writer of the answer turns NaN and infinities into text, and keeps all digits. */
const jsonNumbers = (values: Readonly<Record<string, MetricValue>>): Readonly<Record<string, JsonNumber>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));

/** An out, and the path of its content: undefined if it is not a file. */
interface ReadableOut extends OutAnswer {
  readonly file: string | undefined;
}

async function outsOf(project: Project, name: string): Promise<Result<readonly ReadableOut[], Refusal>> {
  const only = { patterns: [name], mode: 'only' } as const;
  const declared = await project.artifacts(only);
  if (!declared.ok) return declared;
  const results = await project.results(only);
  if (!results.ok) return results;
  return {
    ok: true,
    value: declared.value
      .filter(({ instance }) => instance === name)
      .map(({ out, path, kind, there }) => {
        const file = results.value[0]?.files[out];
        return { out, path, kind, there, file, isFile: file !== undefined };
      }),
  };
}

function logAnswer(log: InstanceLog): LogAnswer {
  const parts = logParts(log, (at) => new Date(at).toLocaleTimeString('en-GB'));
  return {
    run: log.run,
    parts: parts.map((part) =>
      part.kind === 'lines' ? { kind: 'lines', lines: part.lines } : { kind: 'file', file: part.file },
    ),
  };
}

/** The most bytes of output to send at once. */
const mostPrinted = 256 * 1024;

/**
 * A part of an instance's output, from a byte on; without a position, the end of it. The file must be one
 * that the log of the instance names.
 */
export async function printedAnswer(
  project: Project,
  {
    instance,
    run,
    file,
    from,
  }: {
    readonly instance: string;
    readonly run: string | undefined;
    readonly file: string;
    readonly from: number | undefined;
  },
): Promise<Result<PrintedAnswer, Refusal>> {
  const log = await project.log(instance, run);
  if (!log.ok) return log;
  if (log.value === undefined || !log.value.files.includes(file))
    return { ok: false, error: { kind: 'unknown', message: `${instance} printed no file ${file}` } };
  const path = join(project.root, file);
  try {
    const { size } = await stat(path);
    const start = Math.min(size, from ?? Math.max(0, size - mostPrinted));
    const bytes = Buffer.alloc(Math.min(mostPrinted, size - start));
    const handle = await open(path);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start).finally(() => handle.close());
    const text = bytes.subarray(0, bytesRead).toString('utf8');
    return { ok: true, value: { from: start, to: start + bytesRead, size, text } };
  } catch (error) {
    // It is made when something is printed.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { ok: true, value: { from: 0, to: 0, size: 0, text: '' } };
    return {
      ok: false,
      error: { kind: 'unknown', message: fileProblemText(fileProblem(file, error)) },
    };
  }
}

/** The file of an out, to download. The project determines the file: no path comes from outside. */
export async function outFile(
  project: Project,
  name: string,
  out: string,
): Promise<Result<{ readonly file: string; readonly stream: Readable }, Refusal>> {
  const outs = await outsOf(project, name);
  if (!outs.ok) return outs;
  const found = outs.value.find((one) => one.out === out);
  if (found?.file === undefined)
    return { ok: false, error: { kind: 'unknown', message: `${name} has no file of an out ${out}` } };
  return {
    ok: true,
    value: {
      file: basename(found.path),
      stream: createReadStream(join(project.root, found.file)),
    },
  };
}
